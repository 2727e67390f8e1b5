// The first compose.yaml of a folder: what is found, what is written, and that it can be read back.
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServiceSpec } from '../core/spec/project.ts';
import { readProject } from '../core/spec/read.ts';
import { composeFor, type FolderFacts } from './compose-for.ts';
import { writeCompose } from './init.ts';
import { loadProject } from './project.ts';

const nothing: FolderFacts = { name: 'My Shop', files: [], packageJson: null, procfile: null, dockerfile: null };

function servicesFor(facts: Partial<FolderFacts>, within: readonly FolderFacts[] = []): readonly ServiceSpec[] {
  const text = composeFor({ ...nothing, ...facts }, './friday.schema.json', within);
  if (text === null) throw new Error('nothing was found');
  const read = (path: string) => (path === '/shop/compose.yaml' ? text : null);
  const { project, problems } = readProject({ files: ['/shop/compose.yaml'], read, environment: {}, profiles: [] });
  expect(problems).toEqual([]);
  return project?.services ?? [];
}

describe('composeFor', () => {
  it('reads a Procfile: web gets the traffic, the others only run', () => {
    const procfile =
      'web: node server.js\nworker: node worker.js | tee log\nrelease: node migrate.js\n# no\nWorker: node worker.js | tee log';
    const services = servicesFor({ procfile, files: ['package-lock.json'] });
    expect(services).toMatchObject([
      {
        name: 'web',
        command: ['node', 'server.js'],
        install: ['npm', 'ci'],
        port: 3000,
        routes: [{ host: '*', path: '/' }],
      },
      { name: 'worker', command: ['sh', '-c', 'node worker.js | tee log'], port: null },
    ]);
  });

  it.each<[string, string[], number]>([
    ['FROM node\nEXPOSE 8000\nCMD ["node", "main.js"]\n', ['node', 'main.js'], 8000],
    ['FROM node\nCMD ["old"]\nCMD node main.js --port $PORT\n', ['sh', '-c', 'node main.js --port $PORT'], 3000],
    ['ENTRYPOINT ["tini", "--"]\nCMD ["node", \\\n "a.js"]\n', ['tini', '--', 'node', 'a.js'], 3000],
    ['ENTRYPOINT run it\nCMD ["ignored"]\n', ['run', 'it'], 3000],
  ])('reads what a Dockerfile runs: %j', (dockerfile, command, port) => {
    expect(servicesFor({ dockerfile })).toMatchObject([{ name: 'my-shop', command, port }]);
  });

  it('reads the start script of package.json', () => {
    const withStart = (start: string, more = {}) =>
      servicesFor({ packageJson: JSON.stringify({ scripts: { start }, ...more }) });
    expect(withStart('node dist/main.js')).toMatchObject([{ command: ['node', 'dist/main.js'], install: null }]);
    expect(withStart('next start', { dependencies: { next: '1' } })).toMatchObject([
      { command: ['npm', 'start'], install: ['npm', 'install'] },
    ]);
    expect(withStart('node a.js && node b.js')).toMatchObject([{ command: ['npm', 'start'] }]);
  });

  it('finds a script by its name, of Node or of Python', () => {
    expect(servicesFor({ files: ['index.js', 'server.ts'] })).toMatchObject([{ command: ['node', 'server.ts'] }]);
    expect(servicesFor({ files: ['app.py'] })).toMatchObject([{ command: ['python3', 'app.py'], install: null }]);
    const [python] = servicesFor({ files: ['app.py', 'requirements.txt'] });
    expect(python).toMatchObject({
      command: ['.venv/bin/python', 'app.py'],
      install: ['sh', '-c', 'python3 -m venv .venv && .venv/bin/pip install -r requirements.txt'],
    });
  });

  it('makes a service of each folder within, and one of them public', () => {
    const within = [
      { ...nothing, name: 'prices', files: ['server.js', 'package-lock.json'] },
      { ...nothing, name: 'docs', files: ['readme.md'] },
      { ...nothing, name: 'Web', files: ['app.py'], dockerfile: 'EXPOSE 8000' },
    ];
    const services = servicesFor({}, within);
    expect(services).toMatchObject([
      { name: 'prices', command: ['node', 'server.js'], install: ['npm', 'ci'], port: 3000, routes: [] },
      { name: 'web', command: ['python3', 'app.py'], port: 8000, routes: [{ host: '*', path: '/' }] },
    ]);
    expect(services.map((one) => one.context)).toEqual(['/shop/prices', '/shop/Web']);
    expect(servicesFor({ files: ['server.js'] }, within)).toMatchObject([{ name: 'my-shop' }]);
    const [first] = servicesFor({}, within.slice(0, 1));
    expect(first?.routes).toHaveLength(1);
  });

  it('writes nothing when nothing is found', () => {
    expect(composeFor(nothing, 'x')).toBeNull();
    expect(composeFor({ ...nothing, packageJson: 'not json', procfile: 'none', dockerfile: 'FROM x' }, 'x')).toBeNull();
    expect(composeFor({ ...nothing, packageJson: '[1]' }, 'x')).toBeNull();
  });

  it('writes a file that can be read, whatever the command', () => {
    const command = fc.string({
      unit: fc.constantFrom('a', ' ', '$', '"', "'", '\\', '#', ':', '{', '}', '[', '&', '*'),
    });
    fc.assert(
      fc.property(command, (words) => {
        const [web] = servicesFor({ procfile: `web: x${words}` });
        if (web?.command[0] === 'sh') expect(web.command).toEqual(['sh', '-c', `x${words}`.trim()]);
      }),
    );
  });
});

describe('writeCompose', () => {
  let folder = '';
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'friday-init-')));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('writes a compose.yaml whose first line points the editor at the schema', () => {
    writeFileSync(join(folder, 'server.js'), '');
    mkdirSync(join(folder, 'node_modules/fridaymorning/schema'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/fridaymorning/schema/friday.schema.json'), '{}');
    const { file, text } = writeCompose(folder);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(text.split('\n')[0]).toBe(
      '# yaml-language-server: $schema=./node_modules/fridaymorning/schema/friday.schema.json',
    );
    expect(loadProject({ cwd: folder, environment: {} }).problems).toEqual([]);
  });

  it('overwrites nothing', () => {
    writeFileSync(join(folder, 'server.js'), '');
    writeFileSync(join(folder, 'docker-compose.yml'), 'mine');
    expect(() => writeCompose(folder)).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(readFileSync(join(folder, 'docker-compose.yml'), 'utf8')).toBe('mine');
  });

  it('looks into the folders within, but not into those of packages', () => {
    for (const name of ['web', 'node_modules', '.git']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'server.js'), '');
    }
    const { text } = writeCompose(folder);
    expect(text).toContain('  web:\n    build: ./web\n    command: node server.js # from web/server.js\n');
    expect(text).not.toContain('node_modules:');
    expect(loadProject({ cwd: folder, environment: {} }).project?.services).toHaveLength(1);
  });

  it('says what it looked for when it found nothing', () => {
    expect(() => writeCompose(folder)).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});
