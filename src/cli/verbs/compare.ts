// friday plan --aa: compares a service with itself on this machine, watches it, and reports.
import type { Client } from '../../api/client.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { ReleaseView } from '../../api/views.ts';
import { Failure } from '../../core/failure.ts';
import { formatDuration } from '../../core/time.ts';
import type { Call } from '../call.ts';
import { connectForOrder } from '../daemon.ts';
import { weightOf } from '../output/numbers.ts';
import { Painter } from '../output/painter.ts';
import { comparisonScreen } from '../screens/comparison.ts';
import { follow, type Watched, type Watcher } from '../watch/follow.ts';

export type ComparisonOptions = { readonly minutes: number; readonly weight: number };

const EVERY_MS = 1000;
const TOLD_EVERY_MS = 60_000;
const STOPPED: ExitCode = 130;
const TAKEN_BACK: ExitCode = 10;

/** Exit codes: 0 over in time or ended by the person, 10 the judge took it back, 130 stopped watching. */
export async function compare(call: Call, service: string, options: ComparisonOptions): Promise<ExitCode> {
  const { terminal } = call;
  const { minutes, weight } = options;
  const bakeMs = Math.round(60_000 * minutes);
  if (call.flags.dryRun) {
    const text = `would compare ${service} with itself for ${formatDuration(bakeMs)}, ${weightOf(weight)} of its traffic on the second copy`;
    terminal.answer(`  ${text}`);
    terminal.json({ isDryRun: true, service, text });
    return 0;
  }
  const client = await connectForOrder(call);
  const first = await client.compareWithItself(service, { weight, bakeMs, reason: '' });
  const watched = await watch(call, client, first);
  if (!watched.view.isOver) {
    terminal.say([
      'Stopped watching; the comparison goes on, and its result will stand in the history.',
      `  friday history ${service}`,
    ]);
    terminal.json({ type: 'result', service, release: watched.view.id, exit: STOPPED, view: watched.view });
    return STOPPED;
  }
  return report(call, watched.view);
}

/** To its end; at Ctrl-C a person is asked whether to end it. */
async function watch(call: Call, client: Client, first: ReleaseView): Promise<Watched> {
  const options = { timeoutMs: null, everyMs: EVERY_MS, stop: new AbortController().signal };
  const watched = await follow(call, client, first, watcherOf(call), options);
  if (watched.why !== 'interrupted' || !call.terminal.mayAsk) return watched;
  const answer = await call.terminal.ask('End the comparison now? (y/N) ');
  if (!/^y(es)?$/i.test(answer)) return watched;
  await client.rollBack(first.service, { reason: 'enough of A/A' });
  return untilOver(call, client, first.id);
}

const END_TRIES = 600;

async function untilOver(call: Call, client: Client, id: number): Promise<Watched> {
  // Ctrl-C was pressed already, so its signal would end every pause at once.
  const never = new AbortController().signal;
  for (let tries = 0; tries < END_TRIES; tries += 1) {
    const view = await client.release(id);
    if (view.isOver) return { view, why: 'over' };
    await call.clock.sleep(100, never);
  }
  throw new Failure('timeout', 'The comparison was ended, but its traffic has not gone back within a minute.', {
    hint: 'friday status',
  });
}

function watcherOf({ terminal, clock }: Call): Watcher {
  const { stderr } = terminal.streams;
  const painter = terminal.isLive && stderr.isTTY === true && terminal.tellsProgress ? new Painter(stderr) : null;
  let toldAt = Number.NEGATIVE_INFINITY;
  return {
    show: (view) => {
      if (painter) return painter.draw([`  ◌ ${lineOf(view)}`]);
      if (!terminal.tellsProgress || clock.now() - toldAt < TOLD_EVERY_MS) return;
      toldAt = clock.now();
      terminal.say(lineOf(view));
    },
    lost: () => painter?.draw(['  ◌ the control plane does not answer; the comparison goes on']),
    close: () => painter?.finish([]),
  };
}

/** `A/A of api: 50%, 4m12s left, odds 1.1:1`. */
function lineOf({ service, weight, nextInMs, odds, state }: ReleaseView): string {
  if (state === 'starting') return `A/A of ${service}: the second copy starts`;
  const left = nextInMs === null ? '' : `, ${formatDuration(nextInMs)} left`;
  return `A/A of ${service}: ${weightOf(weight)}${left}${odds === null ? '' : `, odds ${odds}`}`;
}

function report({ terminal }: Call, view: ReleaseView): ExitCode {
  const hasFailed = view.state === 'failed' || view.receipt?.kind === 'fail';
  const exit: ExitCode = hasFailed ? TAKEN_BACK : 0;
  if (view.state === 'failed') terminal.complain(`error: ${view.sentence}`);
  else terminal.answer(comparisonScreen(view, { width: terminal.width, color: terminal.hasColour }));
  const { service, id, state, sentence, comparison = null } = view;
  terminal.json({ type: 'result', service, release: id, verdict: state, sentence, exit, comparison, view });
  return exit;
}
