// The image of the tests as an archive: the Node that runs them, a shell, and the libraries of both.
import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Streams the archive. `skeleton` is an empty folder that is filled with the little that has no original. */
export async function baseImageTar(skeleton: string): Promise<Readable> {
  const node = realpathSync(process.execPath);
  const shell = realpathSync('/bin/sh');
  const libraries = new Set([...(await librariesOf(node)), ...(await librariesOf(shell))]);
  for (const folder of ['app', 'etc', 'tmp']) mkdirSync(join(skeleton, folder));
  chmodSync(join(skeleton, 'tmp'), 0o1777);
  writeFileSync(join(skeleton, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n');
  writeFileSync(join(skeleton, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
  const renamed = [`s|^${node}$|bin/node|`, `s|^${shell}$|bin/sh|`].flatMap((rule) => ['--transform', rule]);
  const words = ['-c', '-P', '-h', '--hard-dereference', ...renamed, '-C', skeleton, '.', node, shell, ...libraries];
  return spawn('tar', words, { stdio: ['ignore', 'pipe', 'ignore'] }).stdout;
}

/** Source: ldd(1): `name => /path (address)`, or `/path (address)` for the loader. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]);
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map((match) => match[1] ?? '');
}
