// Writes the editor schema: `npm run schema`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { editorSchema } from '../core/spec/schema.ts';

/** Where the schema stands in the repository and in the package. */
export const SCHEMA_FILE = fileURLToPath(new URL('../../schema/friday.schema.json', import.meta.url));

export function schemaText(): string {
  return `${JSON.stringify(editorSchema(), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(dirname(SCHEMA_FILE), { recursive: true });
  writeFileSync(SCHEMA_FILE, schemaText());
}
