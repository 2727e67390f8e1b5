// The balancer that needs nothing but Node: our own proxy, a process of its own, told what to do over a unix socket.
import { readFile } from 'node:fs/promises';
import { Failure } from '../../../core/failure.ts';
import type { Balancer } from '../../../ports/balancer.ts';
import { type Folder, folderAt } from '../../../proxy/folder.ts';
import { hasEnded, overSocket } from '../over-socket.ts';
import { isListening } from '../start.ts';
import { ask } from './control-client.ts';
import { type ProcessOptions, startProxy } from './process.ts';

/** Past its grace, the proxy has this long to end before it is killed. */
const OVERTIME_MS = 3_000;

/** The proxy in `options.dir`, which is adopted when it runs already. Failure: `invalid` when the path is too long. */
export function embeddedBalancer(options: ProcessOptions): Balancer {
  const folder = folderAt(options.dir);
  const { socket } = folder;

  return {
    ...overSocket(socket, () => startProxy(options)),

    async stop(graceMs: number): Promise<void> {
      if (!(await isListening(socket))) return;
      const pid = await pidIn(folder);
      await ask(socket, 'POST', `/stop?grace=${Math.round(graceMs)}`).catch(() => undefined);
      if (await hasEnded(pid, graceMs + OVERTIME_MS)) return;
      process.kill(pid, 'SIGKILL');
      await hasEnded(pid, OVERTIME_MS);
    },
  };
}

/** Process id of the proxy that listens. Failure: `unavailable` when its file cannot be read. */
async function pidIn({ pid: path }: Folder): Promise<number> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  if (Number.isInteger(pid) && pid > 0) return pid;
  throw new Failure('unavailable', `The proxy runs, but ${path} does not tell its process id.`, {
    hint: `End it by hand: "pgrep -fa friday-proxy" tells which process it is.`,
  });
}
