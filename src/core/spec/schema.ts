// The JSON Schema that completes and checks a compose.yaml with x-friday in an editor.
import { z } from 'zod';
import { editorShape, tabled, topShape } from './compose.ts';
import { resourceShapes } from './container-shapes.ts';
import { serviceFridayShape, topFridayShape } from './friday.ts';
import { SERVICE_KEYS, TOP_KEYS } from './keys.ts';
import { keyed } from './scalars.ts';
import { WORDS } from './schema-words.ts';

const serviceName = z.string().meta({ pattern: '^[a-zA-Z0-9][a-zA-Z0-9._-]*$' });

const Service = tabled(
  {
    ...editorShape,
    'x-friday': keyed(serviceFridayShape).optional().describe('How fridaymorning runs and releases this service.'),
  },
  SERVICE_KEYS,
);

const resources = Object.fromEntries(
  Object.entries(resourceShapes).map(([key, shape]) => {
    return [key, z.record(z.string(), shape).optional().describe(`The ${key} that services name.`)];
  }),
);

const File = tabled(
  {
    ...topShape,
    ...resources,
    services: z.record(serviceName, Service).optional().describe('The services of the project.'),
    'x-friday': keyed(topFridayShape).optional().describe('How fridaymorning runs this project.'),
  },
  TOP_KEYS,
);

/**
 * Draft 7, which YAML language servers read. Every key of the Compose specification is accepted; those that the process
 * runtime does not honour say so. Made from the same schemas that check the file.
 */
export function editorSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(File, { target: 'draft-7', io: 'input' });
  const { $schema, ...rest } = worded(schema);
  return { $schema, title: 'Compose file with x-friday', ...rest };
}

/** The schema with words for every key that has none of its own. */
function worded<T>(part: T): T {
  if (Array.isArray(part)) return part.map(worded) as T;
  if (typeof part !== 'object' || part === null) return part;
  const entries = Object.entries(part).map(([key, value]) => [
    key,
    key === 'properties' ? allWorded(value) : worded(value),
  ]);
  return Object.fromEntries(entries) as T;
}

function allWorded(properties: Record<string, object>): object {
  const entries = Object.entries(properties).map(([key, value]) => {
    const words = WORDS[key];
    return [
      key,
      'description' in value || words === undefined ? worded(value) : { ...worded(value), description: words },
    ];
  });
  return Object.fromEntries(entries);
}
