// The JSON Schema that completes and checks a compose.yaml with x-friday in an editor.
import { z } from 'zod';
import { serviceShape, tabled, topShape } from './compose.ts';
import { serviceFridayShape, topFridayShape } from './friday.ts';
import { SERVICE_KEYS, TOP_KEYS } from './keys.ts';
import { keyed } from './scalars.ts';

const serviceName = z.string().meta({ pattern: '^[a-zA-Z0-9][a-zA-Z0-9._-]*$' });

const Service = tabled(
  {
    ...serviceShape,
    'x-friday': keyed(serviceFridayShape).optional().describe('How fridaymorning runs and releases this service.'),
  },
  SERVICE_KEYS,
);

const File = tabled(
  {
    ...topShape,
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
  const { $schema, ...rest } = schema;
  return { $schema, title: 'Compose file with x-friday', ...rest };
}
