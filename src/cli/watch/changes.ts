// Waits until every change of `friday up` has come to something, and says what.
import type { Client } from '../../api/client.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { ChangeView, ReleaseView, StatusView, UpView } from '../../api/views.ts';
import type { Project } from '../../core/spec/project.ts';
import { formatDuration } from '../../core/time.ts';
import type { Call } from '../call.ts';
import { type Command, commands } from '../output/commands.ts';
import { paintOf } from '../output/paint.ts';
import { cleaned, cut, wrap } from '../output/text.ts';
import { lastLinesOf } from './evidence.ts';
import { isForgotten, isGlitch } from './follow.ts';
import { Picture } from './picture.ts';
import { type Settled, settle } from './settle.ts';

export type ChangesOptions = { readonly waits: boolean; readonly timeoutMs: number };

type Why = 'settled' | 'timeout' | 'interrupted' | 'stuck';

const POLL_MS = 250;
const READY_TIMEOUT_MS = 60_000;
/** The control plane has said for so long that it cannot do something: waiting longer is no use. */
const STUCK_MS = 20_000;
const LAST_LINES = 12;

/**
 * Exit codes: 0 all began (or, waited for, ended) well, 10 something failed or was rolled back, 1 the control plane
 * cannot go on, 3 not decided in time, 130 stopped watching.
 */
export async function awaitChanges(
  call: Call,
  client: Client,
  project: Project,
  { changes, listen }: UpView,
  options: ChangesOptions,
): Promise<ExitCode> {
  const watched = changes.filter((change) => change.action !== 'same' && change.action !== 'orphan');
  const picture = new Picture(call, watched);
  const why = await untilSettled(call, client, project, { changes: watched, listen }, options, picture);
  const settled = picture.close();
  const hasFailed = settled.some((one) => one.kind === 'failed');
  const exit = exitOf(why, hasFailed);
  await tellFailures(call, client, settled);
  if (why === 'settled') await tellAddresses(call, client, settled, settled.length > 0 || listen !== null);
  else tellEnd(call, why, options);
  const verdict = hasFailed ? 'failed' : why === 'settled' ? 'done' : 'undecided';
  call.terminal.json({ type: 'result', at: call.clock.now(), verdict, exit, services: settled });
  return exit;
}

function exitOf(why: Why, hasFailed: boolean): ExitCode {
  if (hasFailed) return 10;
  const exits = { settled: 0, timeout: 3, interrupted: 130, stuck: 1 } as const;
  return exits[why];
}

async function untilSettled(
  call: Call,
  client: Client,
  project: Project,
  { changes, listen }: Pick<UpView, 'changes' | 'listen'>,
  options: ChangesOptions,
  picture: Picture,
): Promise<Why> {
  const { clock } = call;
  const interrupt = call.interrupt();
  const startedAt = clock.now();
  let open = changes;
  let hasAddresses = listen === null;
  let stuckSince: number | null = null;
  while (open.length > 0 || !hasAddresses) {
    try {
      const status = await client.status();
      const ms = clock.now() - startedAt;
      const looks = await Promise.all(open.map((one) => look(client, project, one, status, ms, options.waits)));
      picture.show(looks, status.problems);
      const left = open.filter((_, index) => looks[index]?.kind === 'waiting');
      hasAddresses ||= isListeningAt(status, listen?.to ?? []);
      const isStuck = status.problems.length > 0 && left.length === open.length;
      stuckSince = isStuck ? (stuckSince ?? clock.now()) : null;
      open = left;
    } catch (error) {
      if (!isGlitch(error)) throw error;
    }
    if (open.length === 0 && hasAddresses) break;
    if (interrupt.aborted) return 'interrupted';
    if (stuckSince !== null && clock.now() - stuckSince >= STUCK_MS) return 'stuck';
    if (clock.now() - startedAt >= options.timeoutMs) return 'timeout';
    await clock.sleep(POLL_MS, interrupt);
  }
  return 'settled';
}

/** Port 0 is any port, and what is stopped needs none. */
function isListeningAt({ listening, services }: StatusView, wanted: readonly string[]): boolean {
  const isStopped = services.every((one) => one.state === 'stopped');
  return (
    isStopped ||
    wanted.every(
      (address) =>
        address.endsWith(':0') || listening.includes(address.includes('://') ? address : `http://${address}`),
    )
  );
}

async function look(
  client: Pick<Client, 'release'>,
  project: Project,
  change: ChangeView,
  status: StatusView,
  ms: number,
  waits: boolean,
): Promise<Settled> {
  const spec = project.services.find((one) => one.name === change.service);
  let release: ReleaseView | 'forgotten' | null = null;
  if (change.release !== null) {
    release = await client.release(change.release).catch((error: unknown) => {
      if (!isForgotten(error)) throw error;
      return 'forgotten' as const;
    });
  }
  return settle({
    change,
    release,
    service: status.services.find((one) => one.name === change.service) ?? null,
    ms,
    waits,
    readyTimeoutMs: spec?.release.readyTimeoutMs ?? READY_TIMEOUT_MS,
  });
}

/** Unasked: why, and the last words. */
async function tellFailures(call: Call, client: Client, settled: readonly Settled[]): Promise<void> {
  const { terminal } = call;
  if (terminal.flags.json) return;
  const paint = paintOf(terminal.hasColour);
  const width = Math.min(terminal.width, 100) - 4;
  for (const one of settled.filter((each) => each.kind === 'failed')) {
    const words = one.lastLines.length > 0 ? one.lastLines : await lastLinesOf(client, one.service, LAST_LINES);
    const lines = words.slice(-LAST_LINES).map((line) => `    ${cut(cleaned(line).trimEnd(), width - 2)}`);
    const sentence = wrap(`${one.service}: ${one.because}`, width).map((line) => `  ${paint.bad(line)}`);
    terminal.answer(['', ...sentence, ...lines]);
    terminal.say(['', `  friday logs ${one.service}   all it wrote`]);
  }
}

function tellEnd({ terminal }: Call, why: Exclude<Why, 'settled'>, options: ChangesOptions): void {
  const words = {
    timeout: `Not decided in ${formatDuration(options.timeoutMs)}; it goes on.`,
    interrupted: 'Stopped watching; everything goes on.',
    stuck: 'It goes on as soon as what is said above is mended.',
  };
  terminal.say(['', `  ${words[why]}`, '  see how: friday status']);
}

/** HTTPS where there is a choice; nothing of what has no address. */
function bestOf(urls: readonly string[]): readonly string[] {
  const best = urls.find((url) => url.startsWith('https:')) ?? urls[0];
  return best === undefined ? [] : [best];
}

/** Where it answers, and the next step. */
async function tellAddresses(
  call: Call,
  client: Client,
  settled: readonly Settled[],
  hasChanged: boolean,
): Promise<void> {
  const { terminal } = call;
  const status = await client.status().catch(() => null);
  if (!status) return;
  const moving = status.releases.find((one) => settled.some((each) => each.service === one.service));
  const urls = status.services.flatMap((one) => bestOf(one.urls)).slice(0, 3);
  const addresses = urls.length > 0 ? urls : status.listening;
  const next: Command = moving ? [`friday status ${moving.service} -w`, 'watch it'] : ['friday status', 'what runs'];
  if (!hasChanged) terminal.answer('  Nothing changed.');
  if (addresses.length > 0) terminal.answer(['', ...addresses.map((url) => `  ${cleaned(url)}`)]);
  terminal.say(['', ...commands([next], terminal.width - 4).map((line) => `  ${line}`), '']);
}
