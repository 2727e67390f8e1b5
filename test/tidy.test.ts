// The house rules that no tool knows: who may import whom, a sentence at the head of every file, no hidden clock or dice, no mocks.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Folder of src: folders of src that it may import besides itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ports: ['core'],
  proxy: ['core'],
  api: ['core'],
  certificates: ['core'],
  sim: ['core', 'ports', 'control'],
  control: ['core', 'ports', 'api'],
  adapters: ['core', 'ports', 'proxy', 'certificates'],
  server: ['core', 'ports', 'control', 'api'],
  cli: ['core', 'api', 'server', 'certificates'],
};

function filesBelow(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.parentPath.includes('node_modules'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): { path: string; line: string }[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gms)].map((match) => ({
    path: relative(root, resolve(root, dirname(file), match[1] ?? match[2] ?? '')),
    line: match[0],
  }));
}

const isTest = (file: string) => /\.(test|contract)\.tsx?$/.test(file);
const sources = filesBelow('src');
const everything = [
  ...sources,
  ...filesBelow('bench'),
  ...filesBelow('examples'),
  ...filesBelow('test'),
  ...filesBelow('web/src'),
];

describe('the house rules', () => {
  it('keep every folder of src to the folders that it may import', () => {
    const wrong = sources
      .filter((file) => !isTest(file) && file !== 'src/serve.ts')
      .flatMap((file) => {
        const own = file.split('/')[1] ?? '';
        const allowed = MAY_IMPORT[own];
        return importsOf(file)
          .filter(({ path, line }) => path.startsWith('src/') && !/^import type/.test(line))
          .map(({ path }) => path.split('/')[1] ?? '')
          .filter((other) => other !== own && other !== 'serve.ts' && !allowed?.includes(other))
          .map((other) => `${file} imports ${other}`);
      });
    expect(wrong).toEqual([]);
  });

  it('keep core away from what is around it, even in types', () => {
    const wrong = sources
      .filter((file) => file.startsWith('src/core/') && !isTest(file))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ path }) => !path.startsWith('src/core/'))
          .map(({ path }) => `${file} imports ${path}`),
      );
    expect(wrong).toEqual([]);
  });

  it('keep examples away from src: they are guests', () => {
    const wrong = filesBelow('examples').flatMap((file) =>
      importsOf(file)
        .filter(({ path }) => path.startsWith('src/'))
        .map(({ path }) => `${file} imports ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  it('let the page import only types of the API: what checks them is not sent to browsers', () => {
    const wrong = filesBelow('web/src')
      .filter((file) => !isTest(file))
      .flatMap((file) =>
        importsOf(file)
          .filter(
            ({ path, line }) => !path.startsWith('web/') && !(/^import type/.test(line) && path.startsWith('src/api/')),
          )
          .map(({ path }) => `${file} imports ${path}`),
      );
    expect(wrong).toEqual([]);
  });

  it('want a sentence at the head of every file', () => {
    const wrong = everything.filter((file) => {
      const [first = '', second = ''] = readFileSync(join(root, file), 'utf8').split('\n');
      const line = first.startsWith('#!') ? second : first;
      return !/^(\/\/|\/\*\*?) ?\S+ \S/.test(line);
    });
    expect(wrong).toEqual([]);
  });

  it('keep hidden clocks and dice out of the core and the control loop', () => {
    const hidden = /\b(Date\.now|Math\.random|performance\.now|new Date\(\)|setTimeout|setInterval|randomUUID)\b/;
    const wrong = sources
      .filter((file) => /^src\/(core|control|sim)\//.test(file) && !isTest(file))
      .filter((file) =>
        hidden.test(readFileSync(join(root, file), 'utf8').replaceAll(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '')),
      );
    expect(wrong).toEqual([]);
  });

  it('forbid mocks', () => {
    const wrong = everything.filter(
      (file) =>
        file !== 'test/tidy.test.ts' &&
        /\bvi\.(mock|fn|spyOn|stubGlobal)\b/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  it('keep files to 400 lines', () => {
    const wrong = everything.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 401);
    expect(wrong).toEqual([]);
  });
});
