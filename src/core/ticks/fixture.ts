// Ticks for tests: whatever a balancer could give, and a small release.
import fc from 'fast-check';
import type { JudgeParams } from '../judge/judge.ts';
import { type ArmCount, BUCKETS, type Histogram } from '../traffic.ts';
import type { Tick, TicksHeader } from './tick.ts';

export const PARAMS: JudgeParams = {
  service: 'api',
  stable: 41,
  candidate: 42,
  isSticky: false,
  minRequests: 100,
  margins: { errors: { ratio: 1.25, delta: 0.005 }, latency: [{ quantile: 'p95', percent: 15 }] },
};

export function header(over: Partial<TicksHeader> = {}): TicksHeader {
  return { release: 12, salt: 's4lt', params: PARAMS, parameters: null, ticks: null, missing: 0, ...over };
}

const count = fc.nat({ max: 1000 });
const histogram: fc.Arbitrary<Histogram> = fc
  .uniqueArray(fc.nat({ max: BUCKETS - 1 }), { maxLength: 8 })
  .chain((buckets) => {
    const sorted = buckets.toSorted((a, b) => a - b);
    return fc.tuple(...sorted.map((bucket) => fc.tuple(fc.constant(bucket), fc.integer({ min: 1, max: 50 }))));
  });

function armOf(version: number): fc.Arbitrary<ArmCount> {
  const optional = {
    failedLatency: histogram,
    clientErrors: count,
    firstClientErrors: count,
    routes: fc.array(fc.record({ route: fc.string(), requests: count, failures: count, firstFailures: count }), {
      maxLength: 3,
    }),
    firstSlow: fc.array(count, { maxLength: 6 }),
    firstRequests: fc.record({ requests: count, failures: count }),
  };
  const counts = {
    version: fc.constant(version),
    requests: fc.integer({ min: 400, max: 2000 }),
    failures: fc.record({ status: count, timeout: count, connection: count, deadline: count }),
    firstFailures: count,
    latency: histogram,
  };
  return fc.record({ ...counts, ...optional }, { requiredKeys: Object.keys(counts) as (keyof typeof counts)[] });
}

/** Any tick at all: seconds that come again, epochs that interleave, arms that are not there. */
export const anyTick: fc.Arbitrary<Tick> = fc.record({
  tick: fc.nat({ max: 5 }),
  epoch: fc.nat({ max: 3 }),
  weight: fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 100),
  stable: fc.option(armOf(41)),
  candidate: fc.option(armOf(42)),
});

function arm(version: number, requests: number, failures: number): ArmCount {
  const latency: Histogram = requests > 0 ? [[600, requests]] : [];
  return {
    version,
    requests,
    failures: { status: failures, timeout: 0, connection: 0, deadline: 0 },
    firstFailures: 0,
    latency,
  };
}

export type TickCounts = {
  readonly tick: number;
  readonly epoch?: number;
  readonly weight?: number;
  readonly stable?: readonly [requests: number, failures: number];
  readonly candidate?: readonly [requests: number, failures: number];
};

/** A tick of v41 against v42, epoch 1 at 5 %, without requests, unless told otherwise. */
export function tickWith({ tick, epoch = 1, weight = 5, stable = [0, 0], candidate = [0, 0] }: TickCounts): Tick {
  return { tick, epoch, weight, stable: arm(41, ...stable), candidate: arm(42, ...candidate) };
}
