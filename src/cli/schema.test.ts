// The checked-in editor schema is the one that the code makes.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BUILD_KEYS, DEPLOY_KEYS, HEALTHCHECK_KEYS, SERVICE_KEYS, TOP_KEYS } from '../core/spec/keys.ts';
import { SCHEMA_FILE, schemaText } from './schema.ts';

type Schema = {
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  anyOf?: Schema[];
  items?: Schema;
  description?: string;
};

/** Paths of all properties without a description. */
function silent(schema: Schema, path: string): string[] {
  const { properties = {}, additionalProperties, anyOf = [], items } = schema;
  const named = Object.entries(properties).flatMap(([key, inner]) => [
    ...(inner.description === undefined ? [`${path}.${key}`] : []),
    ...silent(inner, `${path}.${key}`),
  ]);
  const others = [...anyOf, ...(items === undefined ? [] : [items])];
  if (typeof additionalProperties === 'object') others.push(additionalProperties);
  return [...named, ...others.flatMap((inner) => silent(inner, path))];
}

describe('schema/friday.schema.json', () => {
  const text = readFileSync(SCHEMA_FILE, 'utf8');
  const schema: Schema = JSON.parse(text);
  const service = schema.properties?.services?.additionalProperties as Schema;

  it('is fresh; npm run schema writes it', () => {
    expect(text === schemaText(), 'run: npm run schema').toBe(true);
  });

  it('knows every key of the Compose specification, and x-friday', () => {
    const keysOf = (part: Schema | undefined) => Object.keys(part?.properties ?? {}).sort();
    const sorted = (table: object, ...more: string[]) => [...Object.keys(table), ...more].sort();
    expect(keysOf(schema)).toEqual(sorted(TOP_KEYS, 'x-friday'));
    expect(keysOf(service)).toEqual(sorted(SERVICE_KEYS, 'x-friday'));
    expect(keysOf(service.properties?.deploy)).toEqual(sorted(DEPLOY_KEYS));
    expect(keysOf(service.properties?.healthcheck)).toEqual(sorted(HEALTHCHECK_KEYS));
    expect(keysOf(service.properties?.build?.anyOf?.[1])).toEqual(sorted(BUILD_KEYS));
  });

  it('says something about every key', () => {
    expect(silent(schema, '')).toEqual([]);
  });
});
