// The run: every target is up all the time; each round measures each of them once, in a new order.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsOf } from './cpu.ts';
import type { Options } from './options.ts';
import { quietness, watchOthers } from './others.ts';
import { type Name, type Observed, type Running, start } from './targets.ts';
import { startUpstream } from './upstream.ts';
import { type Load, sendLoad } from './wrk.ts';

export type Sample = Load & {
  /** CPU time of the proxy's process tree per request; null without a proxy. */
  readonly cpuUs: number | null;
  /** Share of the machine, 0 to 1, that other work took meanwhile. */
  readonly othersShare: number;
};
export type Round = ReadonlyMap<Name, Sample>;

export type Outcome = {
  readonly rounds: readonly Round[];
  /** What the embedded proxy reported, beside the requests that wrk saw answered. */
  readonly counted: (Observed & { readonly sent: number }) | null;
};

/** Node compiles what is busy only after it has run for a while; so many requests, or seconds at most, are not measured. */
const WARM_UP_REQUESTS = 20_000;
const warmUpSeconds = (options: Options) => Math.min(3, options.seconds + 1);
/** For the connections of one measurement to be gone before the next. */
const PAUSE_MS = 100;
const BODY = '{"hello":"world"}\n';

type Say = (words: string) => void;

export async function measure(options: Options, signal: AbortSignal, say: Say): Promise<Outcome> {
  await using cleanup = new AsyncDisposableStack();
  const all = await startAll(options.targets, cleanup, signal, say);
  const sent = new Map<Name, number>();
  await warmUp(all, warmUpSeconds(options), sent, signal, say);
  const waitForQuiet = options.isPatient ? quietness(signal) : async () => undefined;
  const rounds: Round[] = [];
  for (let i = 1; i <= options.repeats; i += 1) {
    const round = new Map<Name, Sample>();
    for (const running of shuffled(all)) {
      await waitForQuiet();
      const sample = await take(running, options.seconds, sent, signal);
      say(`round ${i} of ${options.repeats}: ${running.name} ${Math.round(sample.perSecond)} requests/s`);
      round.set(running.name, sample);
    }
    rounds.push(round);
  }
  const counting = all.find(({ settle }) => settle);
  const counted = (await counting?.settle?.()) ?? null;
  return { rounds, counted: counted && counting ? { ...counted, sent: sent.get(counting.name) ?? 0 } : null };
}

async function startAll(
  names: readonly Name[],
  cleanup: AsyncDisposableStack,
  signal: AbortSignal,
  say: Say,
): Promise<Running[]> {
  const dir = await mkdtemp(join(tmpdir(), 'friday-bench-'));
  cleanup.defer(() => rm(dir, { recursive: true, force: true }));
  const upstream = await startUpstream(dir, cleanup);
  const all: Running[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    say(`starting ${name}`);
    const running = await start(name, { dir, upstream, cleanup });
    await requireAnswer(running);
    all.push(running);
  }
  return all;
}

async function warmUp(
  all: readonly Running[],
  seconds: number,
  sent: Map<Name, number>,
  signal: AbortSignal,
  say: Say,
): Promise<void> {
  for (const running of all) {
    say(`warming up ${running.name}`);
    for (let i = 0; i < seconds && (sent.get(running.name) ?? 0) < WARM_UP_REQUESTS; i += 1) {
      await take(running, 1, sent, signal);
    }
  }
}

/** One measurement of one target. */
async function take(
  { name, port, pid }: Running,
  seconds: number,
  sent: Map<Name, number>,
  signal: AbortSignal,
): Promise<Sample> {
  const othersSince = watchOthers();
  const before = pid === null ? 0 : cpuMsOf(pid);
  const load = await sendLoad(port, seconds, signal);
  signal.throwIfAborted();
  const cpuUs = pid === null ? null : ((cpuMsOf(pid) - before) * 1000) / load.requests;
  sent.set(name, (sent.get(name) ?? 0) + load.requests);
  const othersShare = othersSince();
  await sleep(PAUSE_MS);
  return { ...load, cpuUs, othersShare };
}

/** What answers something else must not be measured. */
async function requireAnswer({ name, port }: Running): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/hello`);
  const body = await response.text();
  if (response.status !== 200 || body !== BODY) {
    throw new Error(
      `${name} answered ${response.status} ${JSON.stringify(body.slice(0, 200))}, not the service's answer.`,
    );
  }
}

function shuffled<T>(list: readonly T[]): T[] {
  const deck = [...list];
  for (let i = deck.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1));
    [deck[i], deck[j]] = [deck[j] as T, deck[i] as T];
  }
  return deck;
}
