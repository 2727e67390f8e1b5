// Tests of what makes two revisions equal, and of the word people know them by.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newWorld, specOf, type World, write } from '../fixture.ts';

function relink(path: string, target: string): void {
  rmSync(path);
  symlinkSync(target, path);
}

describe('a revision', () => {
  let world: World;
  beforeEach(() => {
    world = newWorld();
  });
  afterEach(() => world.close());

  const shelf = () => join(world.dir, 'revisions/web');

  describe('digest', () => {
    const CHANGES: readonly [string, (context: string) => Parameters<typeof specOf>[1]][] = [
      ['a content', (context) => void writeFileSync(join(context, 'a.js'), '2')],
      ['a name', (context) => void renameSync(join(context, 'a.js'), join(context, 'b.js'))],
      ['an executable bit', (context) => void chmodSync(join(context, 'a.js'), 0o755)],
      ['a link target', (context) => void relink(join(context, 'l'), 'elsewhere')],
      ['a new empty folder', (context) => void mkdirSync(join(context, 'new'))],
      ['the command', () => ({ command: ['node', 'b.js'] })],
      ['where the words of the command end', () => ({ command: ['node server.mjs'] })],
      ['the preparation', () => ({ install: ['true'] })],
      ['the working folder', () => ({ workingDir: 'sub' })],
      ['the environment', () => ({ environment: { A: '2' } })],
    ];

    it.each(CHANGES)('changes with %s', async (_, change) => {
      const context = world.folder({ 'a.js': '1', 'sub/x': '' });
      symlinkSync('a.js', join(context, 'l'));
      const before = await world.runtime.identify(specOf(context, { command: ['node', 'server.mjs'] }));
      const after = specOf(context, { command: ['node', 'server.mjs'], ...change(context) });
      expect((await world.runtime.identify(after)).digest).not.toBe(before.digest);
    });

    it('does not depend on where the folder lies, its times, the order of variables, or how readiness is found out', async () => {
      const files = { 'a.js': '1', 'sub/b.js': '2' };
      const one = specOf(world.folder(files), { environment: { A: '1', B: '2' } });
      const two = specOf(world.folder(files), { environment: { B: '2', A: '1' }, readiness: { type: 'running' } });
      expect((await world.runtime.identify(one)).digest).toBe((await world.runtime.identify(two)).digest);
    });

    it('is the same from identify and prepare, and a second prepare makes nothing new', async () => {
      const spec = specOf(world.folder({ 'a.js': '1' }));
      const identified = await world.runtime.identify(spec);
      expect(existsSync(shelf())).toBe(false);
      expect(await world.runtime.prepare(spec)).toEqual(identified);
      const before = readdirSync(shelf()).map((name) => statSync(join(shelf(), name)).mtimeMs);
      expect(await world.runtime.prepare(spec)).toEqual(identified);
      expect(readdirSync(shelf()).map((name) => statSync(join(shelf(), name)).mtimeMs)).toEqual(before);
      expect(identified.digest).toMatch(/^[0-9a-f]{64}$/);
      expect(identified.label).toBe(identified.digest.slice(0, 7));
    });
  });

  describe('label', () => {
    const git = (folder: string, ...words: string[]) => {
      const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'commit.gpgsign=false'];
      return execFileSync('git', ['-C', folder, ...who, ...words], { encoding: 'utf8', stdio: 'pipe' }).trim();
    };

    it('is the commit, with + when the build folder has changes, whatever happens elsewhere', async () => {
      const repository = world.folder({ 'web/a.js': '1', 'other/b.js': '1' });
      git(repository, 'init', '-q');
      git(repository, 'add', '.');
      git(repository, 'commit', '-q', '-m', 'one');
      const commit = git(repository, 'rev-parse', '--short=7', 'HEAD');
      const spec = specOf(join(repository, 'web'));
      expect((await world.runtime.identify(spec)).label).toBe(commit);
      write(repository, { 'other/b.js': '2' });
      expect((await world.runtime.identify(spec)).label).toBe(commit);
      write(repository, { 'web/a.js': '2' });
      expect((await world.runtime.identify(spec)).label).toBe(`${commit}+`);
    });

    it('is the digest without a commit, without git, and in a repository that does not know the folder', async () => {
      const repository = world.folder({ 'web/a.js': '1', '.gitignore': 'web/' });
      const spec = specOf(join(repository, 'web'));
      const isDigest = async () => {
        const { digest, label } = await world.runtime.identify(spec);
        expect(label).toBe(digest.slice(0, 7));
      };
      git(repository, 'init', '-q');
      await isDigest();
      git(repository, 'add', '.gitignore');
      git(repository, 'commit', '-q', '-m', 'one');
      await isDigest();
      const path = process.env.PATH;
      process.env.PATH = '/nowhere';
      try {
        await isDigest();
      } finally {
        process.env.PATH = path;
      }
    });

    it('does not wait for a git that hangs', async () => {
      const bin = world.folder({ git: '#!/bin/sh\nexec sleep 60\n' });
      chmodSync(join(bin, 'git'), 0o755);
      const path = process.env.PATH;
      process.env.PATH = `${bin}:${path}`;
      const before = Date.now();
      try {
        await world.runtime.identify(specOf(world.folder({ a: '' })));
      } finally {
        process.env.PATH = path;
      }
      expect(Date.now() - before).toBeLessThan(4000);
    });
  });
});
