// Watches one release in the form that suits the terminal, and says with what it ended.
import type { Client } from '../../api/client.ts';
import { type ExitCode, exitCodeOfRelease } from '../../api/tables.ts';
import type { ReleaseView } from '../../api/views.ts';
import { formatDuration } from '../../core/time.ts';
import type { Call } from '../call.ts';
import { commands } from '../output/commands.ts';
import { weightOf } from '../output/numbers.ts';
import { nextCommands } from '../screens/frame.ts';
import { RELEASE_MARKS } from '../screens/states.ts';
import { follow, type Watched } from './follow.ts';
import { LiveRelease } from './live.ts';
import { tellingWatcher } from './told.ts';

const LIVE_MS = 500;
const TOLD_MS = 1000;
const STOPPED: ExitCode = 130;
const UNDECIDED: ExitCode = 3;

export type WatchOptions = { readonly timeoutMs: number | null };

/** Exit codes: 0 promoted, 10 rolled back or failed, 3 not decided in time, 130 stopped watching. */
export async function watchRelease(
  call: Call,
  client: Client,
  first: ReleaseView,
  { timeoutMs }: WatchOptions,
): Promise<ExitCode> {
  const { terminal } = call;
  const stop = new AbortController();
  const isLive = terminal.isLive && !terminal.flags.quiet;
  const watcher = isLive ? new LiveRelease(call, client, () => stop.abort()) : tellingWatcher(call);
  const everyMs = isLive ? LIVE_MS : TOLD_MS;
  const watched = await follow(call, client, first, watcher, { timeoutMs, everyMs, stop: stop.signal });
  const exit = exitOf(watched);
  terminal.json(resultBody(watched, exit, call.clock.now()));
  sayTheEnd(call, watched, isLive, timeoutMs);
  return exit;
}

function exitOf({ view, why }: Watched): ExitCode {
  if (why === 'interrupted') return STOPPED;
  // A/A ends by being taken back; only the judge makes that a finding.
  if (view.comparison && view.state === 'rolled_back' && view.receipt?.kind !== 'fail') return 0;
  return exitCodeOfRelease(view.state) ?? UNDECIDED;
}

/** The last line of the JSON stream. */
function resultBody({ view, why }: Watched, exit: ExitCode, at: number): Readonly<Record<string, unknown>> {
  return {
    type: 'result',
    at,
    service: view.service,
    version: view.version,
    release: view.id,
    verdict: view.isOver ? view.state : 'undecided',
    exit,
    why,
    sentence: view.sentence,
    view,
  };
}

function sayTheEnd(call: Call, { view, why }: Watched, isLive: boolean, timeoutMs: number | null): void {
  const { terminal } = call;
  const again = `friday status ${view.service} -w`;
  if (why === 'interrupted') {
    terminal.say(['Stopped watching; the release goes on.', `  watch it again: ${again}`]);
  } else if (why === 'timeout') {
    const waited = formatDuration(timeoutMs ?? 0);
    terminal.say([
      `Not decided in ${waited}; the release goes on at ${weightOf(view.weight)}.`,
      `  watch it again: ${again}`,
    ]);
  } else if (!terminal.tellsProgress) {
    terminal.answer(`${view.service} v${view.version} ${RELEASE_MARKS[view.state].word}`);
  } else if (!isLive && view.state !== 'promoted') {
    terminal.say(commands(nextCommands(view), terminal.width).map((line) => `  ${line}`));
  }
}
