// Releases to clients that keep their version: a few of them make most of the requests, and a few are broken.

import { type Dice, diceOf } from '../../src/core/forecast/dice.ts';
import { absorb, startJudge, verdictOf } from '../../src/core/judge/judge.ts';
import type { ArmCount, Cell } from '../../src/core/traffic.ts';
import { PARAMS } from './ours.ts';
import { ROUTES } from './traffic.ts';

export type StickyRow = {
  readonly scenario: string;
  readonly isGood: boolean;
  readonly releases: number;
  readonly rolledBack: number;
  readonly medianSeconds: number;
};

const CLIENTS = 2000;
const RPS = 50;
const SECONDS = 600;
const WEIGHTS = [5, 10, 25, 50];
const SECONDS_PER_WEIGHT = 60;
const BROKEN = 0.02;

type Client = { readonly place: number; readonly rate: number; hasFailed: boolean; hadClientError: boolean };

/** Each release has ten minutes: a minute each at 5, 10 and 25 %, then 50 %. */
export function stickyRows(releases: number, seed: number): StickyRow[] {
  return [
    { scenario: 'good, 2% of the clients are broken', isGood: true, extra: 0 },
    { scenario: '5% of the requests to the candidate fail more', isGood: false, extra: 0.05 },
  ].map(({ scenario, isGood, extra }) => {
    const seconds = Array.from({ length: releases }, (_, i) => secondsOf(seed + i, extra));
    const found = seconds.filter((at) => at !== null).sort((a, b) => a - b);
    return {
      scenario,
      isGood,
      releases,
      rolledBack: (100 * found.length) / releases,
      medianSeconds: found[Math.floor(found.length / 2)] ?? SECONDS,
    };
  });
}

/** When it was taken back; null when it was not. */
function secondsOf(seed: number, extra: number): number | null {
  const roll = diceOf(seed);
  const clients = Array.from(
    { length: CLIENTS },
    (): Client => ({ place: roll(), rate: roll() < BROKEN ? 0.5 : 0.001, hasFailed: false, hadClientError: false }),
  );
  let state = startJudge({ ...PARAMS, isSticky: true });
  for (let t = 0; t < SECONDS; t += 1) {
    const weight = WEIGHTS[Math.min(WEIGHTS.length - 1, Math.floor(t / SECONDS_PER_WEIGHT))] ?? 50;
    state = absorb(state, [secondOf(roll, clients, t, weight, extra)]);
    if (verdictOf(state).kind === 'fail') return t + 1;
  }
  return null;
}

function secondOf(roll: Dice, clients: readonly Client[], tick: number, weight: number, extra: number): Cell {
  const arms = [emptyArm(), emptyArm()] as const;
  for (let i = 0; i < RPS; i += 1) {
    const client = clients[Math.floor(clients.length * roll() ** 3)];
    if (!client) continue;
    const isCandidate = client.place < weight / 100;
    const arm = arms[isCandidate ? 1 : 0];
    const route = Math.floor(roll() * ROUTES.length);
    const hasFailed = roll() < client.rate + (isCandidate ? extra : 0);
    arm.requests += 1;
    if (hasFailed) arm.failures += 1;
    if (hasFailed && !client.hasFailed) arm.firsts[route] = (arm.firsts[route] ?? 0) + 1;
    const isClientError = !hasFailed && roll() < 0.03;
    if (isClientError && !client.hadClientError) arm.firstClientErrors += 1;
    client.hasFailed ||= hasFailed;
    client.hadClientError ||= isClientError;
  }
  return {
    seq: tick,
    service: PARAMS.service,
    tick,
    epoch: weight,
    weight,
    stable: armOf(PARAMS.stable, arms[0]),
    candidate: armOf(PARAMS.candidate, arms[1]),
    outside: { requests: 0, failures: 0 },
    seen: { answers: 0, failures: 0, refused: 0 },
    samples: [],
  };
}

function emptyArm() {
  const firsts: number[] = ROUTES.map(() => 0);
  return { requests: 0, failures: 0, firstClientErrors: 0, firsts };
}

function armOf(
  version: number,
  { requests, failures, firsts, firstClientErrors }: ReturnType<typeof emptyArm>,
): ArmCount {
  return {
    version,
    requests,
    failures: { status: failures, timeout: 0, connection: 0, deadline: 0 },
    firstFailures: firsts.reduce((sum, count) => sum + count, 0),
    latency: [],
    firstClientErrors,
    routes: ROUTES.map((route, i) => ({ route, requests: 0, failures: 0, firstFailures: firsts[i] ?? 0 })),
  };
}
