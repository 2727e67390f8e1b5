// How fast: every target is up all the time; each round measures each of them once, in a new order.
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMsOf } from '../proxy/cpu.ts';
import { quietness, watchOthers } from '../proxy/others.ts';
import { sendLoad } from '../proxy/wrk.ts';
import type { Options } from './options.ts';
import type { SteadyLoad } from './steady.ts';
import type { Name, Running } from './targets.ts';

export type Sample = {
  readonly perSecond: number;
  /** CPU time of the target's process trees per request; null without a proxy. */
  readonly cpuUs: number | null;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly errors: number;
  readonly refused: number;
  /** Share of the machine, 0 to 1, that other work took meanwhile. */
  readonly othersShare: number;
};
/** Samples by name; what runs while the weight changes has `RAMP` behind its name. */
export type Round = ReadonlyMap<string, Sample>;
export type Steady = { readonly rate: number; readonly name: Name; readonly sample: Sample };

export const RAMP = ', weight changed every second';
export const RATES = [5_000, 10_000, 20_000] as const;
const STEADY_TARGETS: readonly Name[] = ['rules', 'friday-haproxy', 'embedded'];
const RAMP_MS = 1000;
const RAMP_WEIGHTS = [10, 20, 5, 40, 1, 30];
const PAUSE_MS = 100;
const WARM_UP_SECONDS = 2;

type Say = (words: string) => void;
type Job = { readonly name: string; readonly run: () => Promise<Sample> };

export async function measureSpeed(all: readonly Running[], options: Options, signal: AbortSignal, say: Say) {
  const waitForQuiet = options.isPatient ? quietness(signal) : async () => undefined;
  const jobs: Job[] = all.flatMap((one) => {
    const plain = { name: one.name, run: () => flood(one, options.seconds, signal) };
    return one.ours ? [plain, { name: one.name + RAMP, run: () => ramp(one, options.seconds, signal) }] : [plain];
  });
  for (const one of all) await flood(one, Math.min(WARM_UP_SECONDS, options.seconds), signal);
  const rounds: Round[] = [];
  for (let i = 1; i <= options.rounds; i += 1) {
    const round = new Map<string, Sample>();
    for (const job of shuffled(jobs)) {
      await waitForQuiet();
      const sample = await job.run();
      say(`round ${i} of ${options.rounds}: ${job.name} ${Math.round(sample.perSecond)} requests/s`);
      round.set(job.name, sample);
    }
    rounds.push(round);
  }
  return rounds;
}

/** The cost of a request at a constant rate, which leaves the machine room. */
export async function measureSteady(
  all: readonly Running[],
  load: SteadyLoad,
  options: Options,
  signal: AbortSignal,
  say: Say,
): Promise<readonly Steady[]> {
  const targets = all.filter(({ name }) => STEADY_TARGETS.includes(name));
  const found: Steady[] = [];
  for (let i = 1; i <= Math.min(3, options.rounds); i += 1) {
    for (const rate of RATES) {
      for (const target of shuffled(targets)) {
        const sample = await watched(target, async () => {
          const { answered, failed, seconds, p50Us, p99Us } = await load.send(
            target.port,
            rate,
            options.seconds,
            signal,
          );
          return { requests: answered, perSecond: answered / seconds, p50Us, p99Us, errors: failed, refused: 0 };
        });
        say(`${rate} requests/s, ${i}: ${target.name} ${sample.cpuUs?.toFixed(1)} µs/request`);
        found.push({ rate, name: target.name, sample });
      }
    }
  }
  return found;
}

function flood(target: Running, seconds: number, signal: AbortSignal): Promise<Sample> {
  return watched(target, () => sendLoad(target.port, seconds, signal));
}

async function ramp(target: Running, seconds: number, signal: AbortSignal): Promise<Sample> {
  let at = 0;
  let changing: Promise<unknown> = Promise.resolve();
  const change = () => {
    at += 1;
    changing = changing.then(() => target.ours?.change(RAMP_WEIGHTS[at % RAMP_WEIGHTS.length] ?? 0));
  };
  change();
  const timer = setInterval(change, RAMP_MS);
  try {
    return await flood(target, seconds, signal);
  } finally {
    clearInterval(timer);
    await changing;
  }
}

type Sent = Omit<Sample, 'cpuUs' | 'othersShare'> & { readonly requests: number };

async function watched({ pids }: Running, send: () => Promise<Sent>): Promise<Sample> {
  const cpuMs = () => pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0);
  const othersSince = watchOthers();
  const before = cpuMs();
  const { requests, ...sent } = await send();
  const cpuUs = pids.length === 0 ? null : ((cpuMs() - before) * 1000) / requests;
  const othersShare = othersSince();
  await sleep(PAUSE_MS);
  return { ...sent, cpuUs, othersShare };
}

function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((one) => [Math.random(), one] as const)
    .sort(([one], [other]) => one - other)
    .map(([, one]) => one);
}
