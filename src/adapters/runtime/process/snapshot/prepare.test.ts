// Tests of how snapshots are made, shared and deleted, and that nothing changes them afterwards.
import {
  chmodSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Revision } from '../../../../core/service.ts';
import { isGone, newWorld, specOf, until, type World, wanted, write } from '../fixture.ts';

describe('snapshots', () => {
  let world: World;
  beforeEach(() => {
    world = newWorld();
  });
  afterEach(() => world.close());

  const shelf = () => join(world.dir, 'revisions/web');
  const snapshot = ({ digest }: Revision) => join(shelf(), digest.slice(0, 12));

  describe('immutability', () => {
    it('is not changed by an editor that writes in place', async () => {
      const context = world.folder({ 'a.js': 'before' });
      const folder = snapshot(await world.runtime.prepare(specOf(context)));
      const file = openSync(join(context, 'a.js'), 'r+');
      writeSync(file, 'edited', 0);
      expect(readFileSync(join(folder, 'a.js'), 'utf8')).toBe('before');
      expect(statSync(join(folder, 'a.js')).ino).not.toBe(statSync(join(context, 'a.js')).ino);
    });

    it('shares unchanged files with the snapshot before, and no others', async () => {
      const context = world.folder({ same: 'same', edited: '1', mode: '' });
      const first = snapshot(await world.runtime.prepare(specOf(context)));
      write(context, { edited: '2', fresh: '' });
      chmodSync(join(context, 'mode'), 0o755);
      const second = snapshot(await world.runtime.prepare(specOf(context)));
      const inode = (folder: string, name: string) => statSync(join(folder, name)).ino;
      expect(inode(second, 'same')).toBe(inode(first, 'same'));
      expect(inode(second, 'edited')).not.toBe(inode(first, 'edited'));
      expect(inode(second, 'mode')).not.toBe(inode(first, 'mode'));
      expect([readFileSync(join(first, 'edited'), 'utf8'), statSync(join(first, 'mode')).mode & 0o777]).toEqual([
        '1',
        0o444,
      ]);
    });

    it('does not share a file that somebody changed in the snapshot before', async () => {
      const context = world.folder({ same: 'same', other: '1' });
      const first = snapshot(await world.runtime.prepare(specOf(context)));
      chmodSync(join(first, 'same'), 0o644);
      writeFileSync(join(first, 'same'), 'SAME');
      write(context, { other: '2' });
      const second = snapshot(await world.runtime.prepare(specOf(context)));
      expect(readFileSync(join(second, 'same'), 'utf8')).toBe('same');
    });

    it('shares nothing when the service has a preparation, and makes what that leaves read-only', async () => {
      const context = world.folder({ same: '', other: '1' });
      const spec = specOf(context, { install: ['sh', '-c', 'echo x > made; ln made made2; echo y > alone'] });
      const first = snapshot(await world.runtime.prepare(spec));
      write(context, { other: '2' });
      const second = snapshot(await world.runtime.prepare(spec));
      expect(statSync(join(second, 'same')).ino).not.toBe(statSync(join(first, 'same')).ino);
      const modes = ['same', 'alone', 'made'].map((name) => statSync(join(second, name)).mode & 0o222);
      // A file with two names may be one of a package store.
      expect(modes).toEqual([0, 0, 0o200]);
    });

    it('keeps its folders from other users', async () => {
      await world.runtime.prepare(specOf(world.folder({ a: '' })));
      expect(statSync(world.dir).mode & 0o777).toBe(0o700);
      expect(statSync(shelf()).mode & 0o077).toBe(0);
    });
  });

  describe('preparation', () => {
    it('runs once, without a shell, in the snapshot, with the environment of the service', async () => {
      const context = world.folder({ 'a.js': '' });
      const script =
        'console.log(process.argv[1], process.env.A, process.env.SECRET_OF_US); require("fs").appendFileSync("ran", "x")';
      const install = [process.execPath, '-e', script, '$HOME;*'];
      process.env.SECRET_OF_US = 'leak';
      const spec = specOf(context, { install, environment: { A: '1' } });
      const revision = await world.runtime.prepare(spec);
      await world.runtime.prepare(spec);
      delete process.env.SECRET_OF_US;
      expect(readFileSync(join(snapshot(revision), 'ran'), 'utf8')).toBe('x');
      expect(readFileSync(`${snapshot(revision)}.log`, 'utf8')).toBe('$HOME;* 1 undefined\n');
      expect(existsSync(join(context, 'ran'))).toBe(false);
    });

    it('that fails is named with its status and last lines, and leaves nothing behind', async () => {
      const install = ['sh', '-c', 'for i in $(seq 1 30); do echo line $i; done; exit 7'];
      const spec = specOf(world.folder({ a: '' }), { install });
      await expect(world.runtime.prepare(spec)).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringContaining('exit status 7'),
        detail: { evidence: Array.from({ length: 20 }, (_, index) => `line ${index + 11}`) },
      });
      expect(readdirSync(shelf())).toEqual([]);
    });

    it('that cannot be started is named', async () => {
      const spec = specOf(world.folder({ a: '' }), { install: ['no-such-program-here'] });
      await expect(world.runtime.prepare(spec)).rejects.toMatchObject({
        message: expect.stringContaining('no-such-program-here'),
      });
    });

    it('that takes too long is ended with all its children', async () => {
      const quick = newWorld({ installTimeoutMs: 300 });
      const spec = specOf(quick.folder({ a: '' }), { install: ['sh', '-c', 'sleep 60 & echo $! >&2; wait'] });
      const failure = await quick.runtime.prepare(spec).catch((error) => error);
      expect(failure).toMatchObject({ code: 'invalid', message: expect.stringContaining('0.3s') });
      const pid = Number(failure.detail.evidence[0]);
      expect(pid).toBeGreaterThan(1);
      await until(() => isGone(pid));
      await quick.close();
    });
  });

  it('serialises two prepares of one service', async () => {
    const context = world.folder({ a: '' });
    const install = ['sh', '-c', 'test ! -e ../busy && touch ../busy && sleep 0.2 && rm ../busy'];
    const both = ['1', '2'].map((value) => world.runtime.prepare(specOf(context, { install, environment: { value } })));
    const [one, two] = await Promise.all(both);
    expect(one!.digest).not.toBe(two!.digest);
  });

  it('sweeps away what a crash left, and does not take a half snapshot for a whole one', async () => {
    const spec = specOf(world.folder({ 'a.js': 'whole' }));
    const { digest } = await world.runtime.identify(spec);
    write(shelf(), { '.making-abc/a.js': 'half', [`${digest.slice(0, 12)}/a.js`]: 'half', 'feedfeedfeed.files': '[]' });
    const revision = await world.runtime.prepare(spec);
    expect(readFileSync(join(snapshot(revision), 'a.js'), 'utf8')).toBe('whole');
    const name = digest.slice(0, 12);
    expect(readdirSync(shelf()).sort()).toEqual([name, `${name}.files`, `${name}.json`]);
  });

  it('snapshots a folder while files in it come and go, and the digest is that of what was copied', async () => {
    const context = world.folder(
      Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`f${index}`, `${index}`])),
    );
    let isDone = false;
    const churn = (async () => {
      for (let turn = 0; !isDone; turn += 1) {
        writeFileSync(join(context, `f${turn % 300}`), `edited ${turn}`);
        writeFileSync(join(context, `t${turn % 7}`), 'x');
        rmSync(join(context, `t${(turn + 3) % 7}`), { force: true });
        await new Promise(setImmediate);
      }
    })();
    const revision = await world.runtime.prepare(specOf(context));
    isDone = true;
    await churn;
    expect((await world.runtime.identify(specOf(snapshot(revision)))).digest).toBe(revision.digest);
  });

  it('prunes what is neither kept nor used by an instance', async () => {
    const context = world.folder({ a: '0' });
    const revisions: Revision[] = [];
    for (const content of ['1', '2', '3']) {
      write(context, { a: content });
      revisions.push(await world.runtime.prepare(specOf(context, { command: ['sleep', '60'] })));
    }
    const used = await wanted(
      world.runtime,
      specOf(context, { command: ['sleep', '60'], readiness: { type: 'running' } }),
    );
    await world.runtime.start(used);
    await world.runtime.prune('web', [revisions[0]!.digest]);
    expect(revisions.map((revision) => existsSync(snapshot(revision)))).toEqual([true, false, true]);
    await expect(world.runtime.start({ ...used, id: 'web-v9-1', revision: revisions[1]! })).rejects.toMatchObject({
      code: 'not-found',
    });
    await world.runtime.prune('never-heard-of', []);
  });
});
