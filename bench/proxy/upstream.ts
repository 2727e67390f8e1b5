// The service behind the proxies: a small C program, compiled when the bench starts, so that it is never the limit.
import { join } from 'node:path';
import { run, startTalking } from './child.ts';

/** Four ports, all answered by one process. */
export type Upstream = { readonly ports: readonly [number, number, number, number] };

const SOURCE = join(import.meta.dirname, 'upstream.c');

/** With `counts`, the name of a file, it keeps there what it answered. */
export async function startUpstream(dir: string, cleanup: AsyncDisposableStack, counts?: string): Promise<Upstream> {
  const program = join(dir, 'upstream');
  await run('cc', ['-O2', '-o', program, SOURCE]);
  const child = await startTalking(program, counts === undefined ? [] : [counts]);
  cleanup.defer(() => child.stop());
  return JSON.parse(child.line) as Upstream;
}
