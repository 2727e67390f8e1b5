// HAProxy as the balancer: a keeper process writes its configuration, changes it while it runs, and counts what it tells.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../core/failure.ts';
import type { Balancer } from '../../../ports/balancer.ts';
import { folderAt } from '../../../proxy/folder.ts';
import { OWN_VERSION } from '../../../proxy/version.ts';
import { ask } from '../embedded/control-client.ts';
import { hasEnded, overSocket } from '../over-socket.ts';
import { isListening } from '../start.ts';
import { type HaproxyOptions, startKeeper } from './process.ts';
import { requireHaproxy } from './program.ts';

/** A keeper that was being killed when it was told to stop leaves HAProxy to the next. */
const ROUNDS = 2;
/** Past its grace, the keeper has this long to end HAProxy and itself before both are killed. */
const OVERTIME_MS = 6_000;
/** HAProxy binds its sockets under a longer name first. */
const SOCKET_BYTES = 107 - 'a.sock.4194304.tmp'.length - 1;

/** The HAProxy in `options.dir`, adopted when it runs already. Failures: `invalid` (path too long). */
export function haproxyBalancer(options: HaproxyOptions): Balancer {
  const { socket, pid: pidFile } = folderAt(options.dir);
  const haproxyPid = join(options.dir, 'haproxy.pid');
  if (Buffer.byteLength(options.dir) > SOCKET_BYTES) {
    throw new Failure(
      'invalid',
      `The path ${options.dir} is too long: HAProxy's sockets need one of ${SOCKET_BYTES} bytes.`,
      {
        hint: 'Keep the state in a folder with a shorter path.',
      },
    );
  }

  const start = () => startKeeper(options, requireHaproxy(options.program));
  const asked = overSocket(socket, start);
  let mayReplace = true;
  return {
    ...asked,

    /** A keeper of another fridaymorning is replaced, once: HAProxy carries on meanwhile. */
    async look() {
      const seen = await asked.look();
      if (!mayReplace || seen.version === (options.version ?? OWN_VERSION)) return seen;
      mayReplace = false;
      const { pid } = seen;
      requireHaproxy(options.program);
      if (pid === undefined) return seen;
      // Asked to end, it would end HAProxy too.
      process.kill(pid, 'SIGKILL');
      await hasEnded(pid, OVERTIME_MS);
      await start();
      return asked.look();
    },

    async stop(graceMs: number): Promise<void> {
      for (let round = 0; round < ROUNDS; round += 1) {
        if (!(await isListening(socket))) {
          // HAProxy goes on without its keeper; only a keeper can end it in peace.
          if ((await pidIn(haproxyPid)) === null) return;
          await start();
        }
        const pid = await pidIn(pidFile);
        await ask(socket, 'POST', `/stop?grace=${Math.round(graceMs)}`).catch(() => undefined);
        if (pid !== null && !(await hasEnded(pid, graceMs + OVERTIME_MS))) {
          process.kill(pid, 'SIGKILL');
          await hasEnded(pid, OVERTIME_MS);
        }
      }
    },
  };
}

async function pidIn(path: string): Promise<number | null> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  return Number.isInteger(pid) && pid > 0 ? pid : null;
}
