// friday rollback: the previous version gets everything back, and how long each part took.
import type { Client } from '../../api/client.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { ReleaseView, ServiceView } from '../../api/views.ts';
import { Failure } from '../../core/failure.ts';
import { formatDuration } from '../../core/time.ts';
import { cancelled, confirm } from '../ask.ts';
import type { Call } from '../call.ts';
import { connectForOrder } from '../daemon.ts';
import { count } from '../output/numbers.ts';
import { paintOf } from '../output/paint.ts';
import { ends } from '../output/text.ts';
import { errorBody, errorLines } from '../screens/problem.ts';
import { parseSubject, parseVersion } from '../subject.ts';
import { isGlitch } from '../watch/follow.ts';
import { wouldDo } from './dry-run.ts';
import { doubtAboutVersion } from './promote.ts';

export type RollbackOptions = { readonly reason?: string | undefined };

const POLL_MS = 50;
/** Nobody waits longer for the old instances to end; they do so by themselves. */
const DRAIN_MS = 15_000;
const WIDEST = 78;

export async function rollback(
  call: Call,
  subject: string,
  version: string | undefined,
  options: RollbackOptions,
): Promise<ExitCode> {
  const { terminal, clock } = call;
  const { service, version: named } = parseSubject(subject);
  const target = version === undefined ? named : parseVersion(version);
  const client = await connectForOrder(call);
  if (call.flags.dryRun) {
    return wouldDo(call, client, service, (_, view) => wouldGoBack(view, target));
  }
  const doubt = target === null ? null : await doubtAboutVersion(client, service, target);
  if (doubt !== null && !(await confirm(call, doubt))) return cancelled(call);
  const startedAt = clock.now();
  const first = await client.rollBack(service, { version: target, reason: options.reason ?? '' });
  const view = await untilOver(call, client, first);
  const switchedMs = clock.now() - startedAt;
  const isDirect = first.plan === 'none';
  const [back, gone] = isDirect ? [view.version, view.from] : [view.from, view.version];
  const isDone = isDirect ? view.state === 'promoted' : view.state === 'rolled_back' || view.state === 'failed';
  if (!isDone) return tellFailed(call, view);
  const paint = paintOf(terminal.hasColour);
  const tell = (text: string, ms: number) => {
    const line = `${paint.good('✓')} ${text}`;
    const time = paint.dim(formatDuration(ms));
    terminal.answer(`  ${ends(line, time, Math.min(terminal.width - 2, WIDEST)) ?? `${line}  ${time}`}`);
  };
  tell(back === null ? `v${gone} of ${service} is stopped` : `v${back} has 100% of traffic`, switchedMs);
  const drainedMs = gone === null ? null : await untilGone(call, client, service, gone, startedAt);
  if (drainedMs !== null) tell(`v${gone} finished its open requests and stopped${lossWords(view)}`, drainedMs);
  else if (gone !== null) terminal.say(`  v${gone} still finishes its open requests, or is kept warm`);
  if (gone !== null && back !== null) terminal.say(`  Undo: friday promote ${service}@v${gone} --full`);
  terminal.json({
    type: 'result',
    service,
    verdict: view.state,
    exit: 0,
    version: back,
    from: gone,
    switchedMs,
    drainedMs,
    view,
  });
  return 0;
}

/** The version to go back to did not come up: exit 10, like any release that failed. */
function tellFailed(call: Call, view: ReleaseView): ExitCode {
  const { terminal } = call;
  const wrong = { code: view.state, message: view.sentence, detail: { evidence: view.lastLines } };
  if (!terminal.flags.json) terminal.complain(errorLines(wrong, terminal.hasColourOnError));
  terminal.json({ type: 'result', service: view.service, verdict: view.state, exit: 10, ...errorBody(wrong), view });
  return 10;
}

function wouldGoBack(view: ServiceView, target: number | null): string {
  const from = view.candidate ?? view.version;
  const to = target ?? (view.candidate === null ? null : view.version);
  return `would take ${view.name} from v${from} back to ${to === null ? 'the version before' : `v${to}`}`;
}

/** What clients saw of it, as the balancer counted. */
function lossWords(view: ReleaseView): string {
  return view.refused === 0 ? '; none was dropped' : `; ${count(view.refused)} were refused`;
}

async function untilOver(call: Call, client: Pick<Client, 'release'>, first: ReleaseView): Promise<ReleaseView> {
  const interrupt = call.interrupt();
  let view = first;
  while (!view.isOver) {
    await call.clock.sleep(POLL_MS, interrupt);
    if (interrupt.aborted)
      throw new Failure('timeout', 'Stopped watching; the rollback goes on.', {
        hint: `friday status ${first.service}`,
      });
    try {
      view = await client.release(first.id);
    } catch (error) {
      if (!isGlitch(error)) throw error;
    }
  }
  return view;
}

/** Time until no instance of the version is left; null when that takes too long. */
async function untilGone(
  call: Call,
  client: Pick<Client, 'service'>,
  name: string,
  version: number,
  startedAt: number,
): Promise<number | null> {
  const { clock } = call;
  const interrupt = call.interrupt();
  const until = clock.now() + DRAIN_MS;
  while (clock.now() < until && !interrupt.aborted) {
    const view = await client.service(name);
    const isLeft = view.instances.some((one) => one.version === version && one.state !== 'exited');
    if (!isLeft) return clock.now() - startedAt;
    await clock.sleep(POLL_MS * 2, interrupt);
  }
  return null;
}
