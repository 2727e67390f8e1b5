// The short history of numbers: what was counted is what is told, and it never grows beyond its bounds.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ArmCount, bucketOf, type Cell, type Observations } from '../core/traffic.ts';
import type { Metric } from '../ports/metrics.ts';
import type { InstanceSeen } from '../ports/runtime.ts';
import { Numbers, SLOTS, STEP_SECONDS } from './numbers.ts';

const START = 1_800_000_000;

function armOf(version: number, requests: number, failures = 0, latencyMs = 20): ArmCount {
  return {
    version,
    requests,
    failures: { status: failures, timeout: 0, connection: 0, deadline: 0 },
    firstFailures: 0,
    latency: requests > 0 ? [[bucketOf(latencyMs), requests]] : [],
  };
}

function cellOf(tick: number, stable: ArmCount, candidate: ArmCount | null = null, service = 'api'): Cell {
  const rest = { outside: { requests: 0, failures: 0 }, seen: { answers: 0, failures: 0, refused: 0 }, samples: [] };
  return { seq: tick, service, tick, epoch: 1, weight: 0, stable, candidate, ...rest };
}

function readOf(cells: readonly Cell[], closedUpTo: number): Observations {
  return { cursor: { boot: 'b', seq: 0 }, lost: 0, closedUpTo, cells };
}

function instanceOf(id: string, cpu: number, memory = 50e6): InstanceSeen {
  const place = { host: '127.0.0.1', port: 1, startedAt: 0, reason: '', exit: null, handle: '', slot: 1 };
  return { id, service: 'api', version: 1, state: 'ready', cpu, memory, ...place };
}

async function valuesOf(numbers: Numbers, metric: Metric, about: { by?: 'service' | 'version'; step?: number } = {}) {
  const { by = 'service', step = STEP_SECONDS } = about;
  const times = { fromMs: START * 1000, toMs: (START + 59) * 1000, stepMs: step * 1000 };
  const { series } = await numbers.range({ ...times, by, metrics: [metric] });
  return series.map((one) => one.values);
}

describe('the history of numbers', () => {
  it('tells requests a second, errors and latency of each step', async () => {
    const numbers = new Numbers();
    for (let tick = START; tick < START + 30; tick += 1) {
      numbers.addTraffic(readOf([cellOf(tick, armOf(1, 40, tick < START + 10 ? 4 : 0))], tick));
    }
    expect(await valuesOf(numbers, 'requests')).toEqual([[40, 40, 40, null, null, null]]);
    expect((await valuesOf(numbers, 'errors'))[0]?.slice(0, 3)).toEqual([expect.closeTo(0.1), 0, 0]);
    expect((await valuesOf(numbers, 'p95'))[0]?.[0]).toBeCloseTo(20, 0);
  });

  it('tells versions apart, and adds them up for the service', async () => {
    const numbers = new Numbers();
    for (let tick = START; tick < START + 10; tick += 1) {
      numbers.addTraffic(readOf([cellOf(tick, armOf(1, 30), armOf(2, 10, 10))], tick));
    }
    expect((await valuesOf(numbers, 'requests', { by: 'version' })).map((values) => values[0])).toEqual([30, 10]);
    expect((await valuesOf(numbers, 'errors'))[0]?.[0]).toBeCloseTo(0.25);
  });

  it('knows no requests from not knowing', async () => {
    const numbers = new Numbers();
    numbers.addTraffic(readOf([cellOf(START, armOf(1, 5))], START));
    numbers.addTraffic(readOf([], START + 29));
    expect(await valuesOf(numbers, 'requests')).toEqual([[0.5, 0, 0, null, null, null]]);
    expect((await valuesOf(numbers, 'p50'))[0]?.[1]).toBeNull();
  });

  it('merges steps', async () => {
    const numbers = new Numbers();
    for (let tick = START; tick < START + 60; tick += 1) {
      numbers.addTraffic(readOf([cellOf(tick, armOf(1, tick < START + 30 ? 10 : 20))], tick));
    }
    expect(await valuesOf(numbers, 'requests', { step: 60 })).toEqual([[15]]);
  });

  it('tells what instances use, the highest of each step, and adds it up for the service', async () => {
    const numbers = new Numbers();
    for (const cpu of [0.2, 0.9, 0.4]) {
      numbers.addInstances([instanceOf('api-v1-1', cpu), instanceOf('api-v1-2', 0.1)], { 'api-v1-1': 3 }, START);
    }
    expect((await valuesOf(numbers, 'cpu'))[0]?.[0]).toBeCloseTo(1);
    expect((await valuesOf(numbers, 'open'))[0]?.[0]).toBe(3);
  });

  it('loses nothing that was counted within the hour', async () => {
    const seconds = fc.array(fc.tuple(fc.nat(3000), fc.nat(50), fc.nat(10)), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(seconds, async (given) => {
        const numbers = new Numbers();
        const sorted = given.toSorted(([one], [other]) => one - other);
        // Steps that are known as a whole: the rate of a part of one is told by the seconds of that part.
        numbers.addTraffic(readOf([], START));
        for (const [offset, good, bad] of sorted) {
          numbers.addTraffic(readOf([cellOf(START + offset, armOf(1, good + bad, bad))], START + offset));
        }
        numbers.addTraffic(readOf([], START + 3009));
        const times = { fromMs: START * 1000, toMs: (START + 3600) * 1000, stepMs: 10_000 };
        const { series } = await numbers.range({ ...times, by: 'service', metrics: ['requests'] });
        const told = (series[0]?.values ?? []).reduce<number>((sum, value) => sum + (value ?? 0) * STEP_SECONDS, 0);
        expect(told).toBeCloseTo(
          sorted.reduce((sum, [, good, bad]) => sum + good + bad, 0),
          2,
        );
      }),
      { numRuns: 50 },
    );
  });

  it('forgets what is older than an hour, and versions and instances with it', async () => {
    const numbers = new Numbers();
    numbers.addTraffic(readOf([cellOf(START, armOf(1, 5))], START));
    numbers.addInstances([instanceOf('api-v1-1', 1)], {}, START);
    const later = START + SLOTS * STEP_SECONDS;
    numbers.addTraffic(readOf([cellOf(later, armOf(2, 5))], later));
    numbers.addInstances([], {}, later);
    const all = { fromMs: START * 1000, toMs: later * 1000, stepMs: 60_000, by: 'version' as const };
    const { series } = await numbers.range({ ...all, metrics: ['requests', 'cpu'] });
    expect(series.map((one) => one.version)).toEqual([2]);
  });

  it('refuses to give more than it should at once', async () => {
    const numbers = new Numbers();
    for (let i = 0; i < 300; i += 1) numbers.addTraffic(readOf([cellOf(START, armOf(1, 1), null, `s${i}`)], START));
    const times = { fromMs: (START - 3600) * 1000, toMs: START * 1000, stepMs: 10_000 };
    await expect(numbers.range({ ...times, by: 'service', metrics: ['requests'] })).rejects.toThrow(/at most 100000/);
  });
});
