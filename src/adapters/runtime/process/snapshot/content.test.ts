// Tests of what a snapshot contains.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Revision } from '../../../../core/service.ts';
import { newWorld, specOf, type World, write } from '../fixture.ts';

describe('the content of a snapshot', () => {
  let world: World;
  beforeEach(() => {
    world = newWorld();
  });
  afterEach(() => world.close());

  const shelf = () => join(world.dir, 'revisions/web');
  const snapshot = ({ digest }: Revision) => join(shelf(), digest.slice(0, 12));
  const filesOf = (revision: Revision) => {
    const found = readdirSync(snapshot(revision), { recursive: true, withFileTypes: true });
    return found
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name).slice(snapshot(revision).length + 1))
      .sort();
  };
  const prepared = async (context: string) => filesOf(await world.runtime.prepare(specOf(context)));

  it('leaves out what .gitignore files say, nested ones too, and .git, .friday and its own folder always', async () => {
    const context = world.folder({
      '.gitignore': '*.log\n/dist\nlogs/\n!keep.log\n',
      'a.log': '',
      'keep.log': '',
      'dist/x.js': '',
      'src/dist/y.js': '',
      'src/logs/z': '',
      'src/.gitignore': '!b.log\nlocal\n',
      'src/b.log': '',
      'src/local': '',
      local: '',
      '.git/config': '',
      'src/.git': 'gitdir: elsewhere',
      '.friday/state.db': '',
    });
    expect(await prepared(context)).toEqual(
      ['.gitignore', 'keep.log', 'local', 'src/.gitignore', 'src/b.log', 'src/dist/y.js'].sort(),
    );
  });

  it('leaves out its own folder when that lies in the build folder', async () => {
    const inner = newWorld();
    const context = inner.root;
    writeFileSync(join(context, 'a.js'), '');
    await inner.runtime.prepare(specOf(context));
    const again = await inner.runtime.prepare(specOf(context));
    const files = readdirSync(join(inner.dir, 'revisions/web', again.digest.slice(0, 12)));
    expect(files).toEqual(['a.js']);
    await inner.close();
  });

  it('honours .gitignore files above the build folder up to the repository, unless they ignore the folder itself', async () => {
    const repository = world.folder({
      '.git/HEAD': '',
      '.gitignore': 'node_modules/\n*.tmp\ndist/\n',
      'apps/web/a.js': '',
      'apps/web/b.tmp': '',
      'apps/web/node_modules/x/index.js': '',
      'apps/web/dist/out.js': '',
      'apps/web/dist/out.tmp': '',
    });
    expect(await prepared(join(repository, 'apps/web'))).toEqual(['a.js']);
    expect(await prepared(join(repository, 'apps/web/dist'))).toEqual(['out.js', 'out.tmp']);
  });

  it('takes a folder back that a deeper .gitignore takes back', async () => {
    const context = world.folder({
      '.gitignore': 'build/\n',
      'tool/.gitignore': '!build/\n',
      'tool/build/x.js': '',
      'build/y.js': '',
    });
    expect(await prepared(context)).toEqual(['.gitignore', 'tool/.gitignore', 'tool/build/x.js']);
  });

  it('honours .dockerignore too, which has the last word', async () => {
    const context = world.folder({
      '.gitignore': 'dist/\nsecret\n',
      '.dockerignore': '**/*.md\n!README.md\ntest\n!dist\ndist/*.map\n!test/needed/*.json\n',
      'README.md': '',
      'docs/a.md': '',
      'dist/x.js': '',
      'dist/x.js.map': '',
      'test/a.js': '',
      'test/needed/data.json': '',
      secret: '',
    });
    expect(await prepared(context)).toEqual(
      ['.dockerignore', '.gitignore', 'README.md', 'dist/x.js', 'test/needed/data.json'].sort(),
    );
  });

  it('keeps links as links, executable bits, empty folders, and odd names', async () => {
    const context = world.folder({ 'bin/run': '#!/bin/sh\n', 'ü né\nw"$x': 'odd', plain: '' });
    chmodSync(join(context, 'bin/run'), 0o755);
    mkdirSync(join(context, 'empty/deep'), { recursive: true });
    symlinkSync('../plain', join(context, 'bin/link'));
    symlinkSync('nowhere-yet', join(context, 'dangling'));
    const folder = snapshot(await world.runtime.prepare(specOf(context)));
    expect(readlinkSync(join(folder, 'bin/link'))).toBe('../plain');
    expect(readlinkSync(join(folder, 'dangling'))).toBe('nowhere-yet');
    expect(statSync(join(folder, 'bin/run')).mode & 0o777).toBe(0o555);
    expect(statSync(join(folder, 'plain')).mode & 0o777).toBe(0o444);
    expect(statSync(join(folder, 'empty/deep')).isDirectory()).toBe(true);
    expect(readFileSync(join(folder, 'ü né\nw"$x'), 'utf8')).toBe('odd');
  });

  it.each([
    ['../../outside', 'relative'],
    ['/etc/hostname', 'absolute'],
    ['sub/../../..', 'through a folder'],
  ])('refuses a link to %s (%s) and names it', async (target) => {
    const context = world.folder({ 'sub/a': '' });
    symlinkSync(target, join(context, 'sub/bad'));
    const failed = world.runtime.prepare(specOf(context));
    await expect(failed).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('sub/bad') });
    write(context, { '.dockerignore': 'sub/bad' });
    expect(await prepared(context)).toEqual(['.dockerignore', 'sub/a']);
  });

  it('refuses too many files and too many bytes, and says what to do', async () => {
    const small = newWorld({ limits: { files: 3, bytes: 1000 } });
    const many = small.folder({ a: '', b: '', c: '', d: '' });
    const large = small.folder({ a: 'x'.repeat(600), b: 'x'.repeat(600) });
    for (const context of [many, large]) {
      await expect(small.runtime.prepare(specOf(context))).rejects.toMatchObject({
        code: 'invalid',
        detail: { hint: expect.stringContaining('.dockerignore') },
      });
    }
    expect(existsSync(join(small.dir, 'revisions/web'))).toBe(false);
    await small.close();
  });

  it('refuses a build folder that is missing or a file, and a working folder outside of it', async () => {
    const context = world.folder({ file: '' });
    for (const spec of [
      specOf(join(context, 'missing')),
      specOf(join(context, 'file')),
      specOf(context, { workingDir: '../..' }),
      specOf(null, { install: ['true'] }),
    ]) {
      await expect(world.runtime.identify(spec)).rejects.toMatchObject({ code: 'invalid' });
    }
  });
});
