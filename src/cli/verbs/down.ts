// friday down: open requests end, then instances stop; with the last service the control plane ends too.
import { rm } from 'node:fs/promises';
import type { Client } from '../../api/client.ts';
import { type ExitCode, Unreachable } from '../../api/tables.ts';
import { Failure } from '../../core/failure.ts';
import { formatDuration } from '../../core/time.ts';
import { cancelled, confirm, confirmByName } from '../ask.ts';
import { whileBusy } from '../busy.ts';
import type { Call } from '../call.ts';
import { ownPlace } from '../connect.ts';
import { connectForOrder, isServed } from '../daemon.ts';
import { requireService } from '../open.ts';
import { paintOf } from '../output/paint.ts';
import { listed, plural } from '../output/text.ts';

export type DownOptions = {
  readonly volumes?: true | undefined;
  readonly confirm?: string | undefined;
  readonly timeout?: number | undefined;
  readonly reason?: string | undefined;
};

const POLL_MS = 200;
const TIMEOUT_MS = 10 * 60_000;
/** The control plane may take this long to close when nothing is left. */
const ENDING_MS = 15_000;

export async function down(call: Call, names: readonly string[], options: DownOptions): Promise<ExitCode> {
  const { terminal, clock } = call;
  if (options.volumes && (names.length > 0 || call.flags.host !== null)) {
    throw new Failure('invalid', '--volumes is about the whole project on this machine.', {
      hint: 'friday down --volumes',
    });
  }
  const client = await connectForOrder(call);
  const isServing = await isServed(call, client);
  const running = isServing ? await toStop(client, names) : [];
  if (call.flags.dryRun) return sayWhat(call, running, options);
  if (options.volumes) {
    const { project } = ownPlace(call);
    const question = `Stop ${project} and delete its versions, logs and history?`;
    if (!(await confirmByName(call, question, project, options.confirm ?? null))) return cancelled(call);
  } else if (running.length > 0 && !(await confirm(call, stopQuestion(running)))) return cancelled(call);
  const startedAt = clock.now();
  // No names mean everything, so an order for nothing is not given.
  if (isServing && (names.length === 0 || running.length > 0)) {
    const wanted = names.length > 0 ? running : [];
    const { isLast } = await client.down({ services: [...wanted], reason: options.reason ?? '' });
    const stopped = untilStopped(call, client, running, isLast, options.timeout ?? TIMEOUT_MS);
    const isStopped = await whileBusy(call, 'open requests end', stopped);
    if (!isStopped) {
      terminal.say('Not everything has stopped yet; it goes on. See: friday status');
      return 3;
    }
  }
  if (options.volumes) await deleteState(call);
  tellDone(call, running, clock.now() - startedAt, options.volumes === true);
  return 0;
}

/** Services that are not stopped already. */
async function toStop(client: Client, names: readonly string[]): Promise<string[]> {
  const { services, project } = await client.status();
  const known = services.map((one) => one.name);
  for (const name of names) requireService(name, known, `in ${project}`);
  return services
    .filter((one) => one.state !== 'stopped' && (names.length === 0 || names.includes(one.name)))
    .map((one) => one.name);
}

function stopQuestion(running: readonly string[]): string {
  return running.length > 3 ? `Stop ${plural(running.length, 'service')}?` : `Stop ${listed(running)}?`;
}

function sayWhat(call: Call, running: readonly string[], options: DownOptions): ExitCode {
  const also = options.volumes ? ', and delete versions, logs and history' : '';
  const text = running.length === 0 ? `nothing runs${also}` : `would stop ${listed(running)}${also}`;
  call.terminal.answer(`  ${text}`);
  call.terminal.json({ isDryRun: true, services: running, deletesState: options.volumes === true });
  return 0;
}

/** False when it takes too long. With the last service the control plane itself goes, and that is the sign. */
async function untilStopped(
  call: Call,
  client: Client,
  names: readonly string[],
  isLast: boolean,
  timeoutMs: number,
): Promise<boolean> {
  const { clock } = call;
  const interrupt = call.interrupt();
  const until = clock.now() + timeoutMs;
  let goneSince: number | null = null;
  while (clock.now() < until && !interrupt.aborted) {
    try {
      const { services } = await client.status();
      const left = services.filter(
        (one) => names.includes(one.name) && one.instances.some((each) => each.state !== 'exited'),
      );
      if (left.length === 0) {
        goneSince ??= clock.now();
        if (!isLast || clock.now() - goneSince > ENDING_MS) return true;
      }
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      await untilEnded(call);
      return true;
    }
    await clock.sleep(POLL_MS, interrupt);
  }
  return false;
}

/** A control plane that answers no more still closes the public ports and its files. */
async function untilEnded(call: Call): Promise<void> {
  if (call.flags.host !== null) return;
  const { untilGone } = await import('../../server/present.ts');
  await untilGone(ownPlace(call).place.stateDir, ENDING_MS);
}

async function deleteState(call: Call): Promise<void> {
  const { place, project } = ownPlace(call);
  const client = await call.connect();
  if (await client.isAlive()) {
    throw new Failure('conflict', `The control plane of ${project} still runs, so nothing was deleted.`, {
      hint: 'friday down --volumes',
    });
  }
  await rm(place.stateDir, { recursive: true, force: true, maxRetries: 3 });
}

function tellDone(call: Call, stopped: readonly string[], ms: number, isDeleted: boolean): void {
  const { terminal } = call;
  const mark = paintOf(terminal.hasColour).good('✓');
  const what = stopped.length === 0 ? 'nothing was running' : `${listed(stopped)} stopped   ${formatDuration(ms)}`;
  terminal.answer(`  ${mark} ${what}`);
  if (isDeleted) terminal.answer(`  ${mark} versions, logs and history are deleted`);
  terminal.json({ type: 'result', services: stopped, ms, isDeleted });
}
