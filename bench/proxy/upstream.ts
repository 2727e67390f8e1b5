// The service behind the proxies: a small C program, compiled when the bench starts, so that it is never the limit.
import { join } from 'node:path';
import { run, startTalking } from './child.ts';

/** Four ports, all answered by one process. */
export type Upstream = { readonly ports: readonly [number, number, number, number] };

const SOURCE = join(import.meta.dirname, 'upstream.c');

export async function startUpstream(dir: string, cleanup: AsyncDisposableStack): Promise<Upstream> {
  const program = join(dir, 'upstream');
  await run('cc', ['-O2', '-o', program, SOURCE]);
  const child = await startTalking(program, []);
  cleanup.defer(() => child.stop());
  return JSON.parse(child.line) as Upstream;
}
