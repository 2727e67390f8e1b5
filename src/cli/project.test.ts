// Finding the Compose files of a project on a disk.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoadInput, loadProject } from './project.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'friday-project-')));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const file = join(folder, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function commandOf(more: Partial<LoadInput> = {}): string[] | undefined {
  return loadProject({ cwd: folder, environment: {}, ...more }).project?.services[0]?.command;
}

const runs = (word: string) => `services: { web: { command: ${word} } }`;

describe('loadProject', () => {
  it('prefers compose.yaml and lays compose.override.yaml over it', () => {
    write('docker-compose.yml', runs('third'));
    expect(commandOf()).toEqual(['third']);
    write('compose.yml', runs('second'));
    expect(commandOf()).toEqual(['second']);
    const file = write('compose.yaml', runs('first'));
    expect(loadProject({ cwd: folder, environment: {} }).project?.file).toBe(file);
    write('compose.override.yaml', runs('over'));
    expect(commandOf()).toEqual(['over']);
    expect(commandOf({ file: ['compose.yaml'] })).toEqual(['first']);
  });

  it('looks in the folders above', () => {
    write('compose.yaml', runs('above'));
    write('deep/er/x.txt', '');
    expect(commandOf({ cwd: join(folder, 'deep/er') })).toEqual(['above']);
  });

  it('follows COMPOSE_FILE from the shell or .env, with its separator', () => {
    write('a.yaml', runs('a'));
    write('b.yaml', runs('b'));
    expect(commandOf({ environment: { COMPOSE_FILE: 'a.yaml:b.yaml' } })).toEqual(['b']);
    expect(commandOf({ environment: { COMPOSE_FILE: 'b.yaml;a.yaml', COMPOSE_PATH_SEPARATOR: ';' } })).toEqual(['a']);
    write('.env', 'COMPOSE_FILE=b.yaml\n');
    expect(commandOf()).toEqual(['b']);
    expect(commandOf({ file: ['a.yaml'] })).toEqual(['a']);
  });

  it('says where it looked when there is no file', () => {
    expect(() => commandOf({ file: ['none.yaml'] })).toThrow(
      expect.objectContaining({ code: 'not-found', detail: { hint: 'friday init' } }),
    );
    expect(() => commandOf()).toThrow(/there is no compose\.yaml in .*friday-project-/);
  });

  it('knows which build folders and env files are there', () => {
    write('web/server.js', '');
    write('web.env', 'A=ü\n');
    write(
      'compose.yaml',
      'services: { web: { build: web, command: x, env_file: web.env }, api: { build: api, command: x } }',
    );
    const { problems } = loadProject({ cwd: folder, environment: {} });
    expect(problems).toMatchObject([{ message: `there is no folder ${join(folder, 'api')}` }]);
    rmSync(join(folder, 'web.env'));
    mkdirSync(join(folder, 'web.env'));
    expect(loadProject({ cwd: folder, environment: {} }).problems).toHaveLength(2);
  });

  it('refuses a file above 1 MB without reading all of it', () => {
    write('compose.yaml', `# ${'ü'.repeat(3_000_000)}`);
    expect(loadProject({ cwd: folder, environment: {} }).problems).toMatchObject([
      { message: 'the file is larger than 1 MB' },
    ]);
  });
});
