// Makes plain JavaScript in dist/ of the sources: types are taken off, nothing else changes. Needs nothing but Node.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

const folder = import.meta.dirname;
const sources = readdirSync(folder).filter((name) => name.endsWith('.ts') && !/^build\.|\.test\./.test(name));
mkdirSync(join(folder, 'dist'), { recursive: true });
for (const name of sources) {
  const code = stripTypeScriptTypes(readFileSync(join(folder, name), 'utf8'));
  const linked = code.replaceAll(/(from '\.\/\w+)\.ts'/g, "$1.js'");
  writeFileSync(join(folder, 'dist', name.replace(/ts$/, 'js')), linked);
}
writeFileSync(join(folder, 'dist', 'package.json'), '{ "type": "module" }\n');
