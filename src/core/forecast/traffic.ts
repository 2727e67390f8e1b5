// Simulated traffic of one release: counts of some seconds at a time, as the balancer would give them out.
import type { ArmCount, Cell, SlowLimits } from '../traffic.ts';
import { Clients } from './clients.ts';
import { binomial, type Dice, diceOf, poisson } from './dice.ts';
import { bucketsLonger, type Latencies, LatencyCounter, latenciesOf } from './latencies.ts';
import type { Regression } from './regressions.ts';
import type { Usual } from './usual.ts';

/** What the traffic follows. */
export type Following = {
  readonly tick: number;
  /** Seconds that are counted together. */
  readonly seconds: number;
  readonly epoch: number;
  /** The candidate's share in percent. */
  readonly weight: number;
  /** Null while the candidate is not ready. */
  readonly hasCandidate: boolean;
  /** Sticky services: what slow means. */
  readonly slow: SlowLimits | null;
};

/** `bad`: requests of the candidate that failed or that the regression slowed. */
export type Counted = { readonly cell: Cell; readonly requests: number; readonly bad: number };

export class SimulatedTraffic {
  private readonly roll: Dice;
  private readonly usual: Usual;
  private readonly regression: Regression;
  private readonly latencies: Latencies;
  private readonly counter = new LatencyCounter();
  private readonly clients: Clients | null;
  private seq = 0;

  /** `latencies` are those of `usual`, made once for many runs. */
  constructor(usual: Usual, regression: Regression, seed: number, latencies = latenciesOf(usual.latency)) {
    this.roll = diceOf(seed);
    this.usual = usual;
    this.regression = regression;
    this.latencies = latencies;
    this.clients = usual.clients === null ? null : new Clients(this.roll, usual.clients);
  }

  next(following: Following): Counted {
    const { tick, seconds, epoch, weight, hasCandidate, slow } = following;
    const requests = poisson(this.roll, this.usual.rate * seconds);
    const n1 = hasCandidate ? binomial(this.roll, requests, weight / 100) : 0;
    this.clients?.moveTo(weight);
    const slowed = this.regression.slower ? binomial(this.roll, n1, this.regression.slower.share) : 0;
    const stable = this.arm(0, requests - n1, 0, slow);
    const candidate = hasCandidate ? this.arm(1, n1, slowed, slow) : null;
    const failed = candidate?.failures.status ?? 0;
    // Failing and being slowed are independent of each other.
    const bad = failed + (n1 === 0 ? 0 : Math.round(slowed * (1 - failed / n1)));
    this.seq += 1;
    const cell: Cell = {
      seq: this.seq,
      service: 'service',
      tick,
      epoch,
      weight,
      stable,
      candidate,
      outside: { requests: 0, failures: 0 },
      seen: { answers: requests, failures: 0, refused: 0 },
      samples: [],
    };
    return { cell, requests, bad };
  }

  private arm(side: 0 | 1, n: number, slowed: number, slow: SlowLimits | null): ArmCount {
    const { roll, counter, latencies, regression } = this;
    const failures = binomial(roll, n, side === 0 ? this.usual.errorShare : regression.errorShare);
    // A failed request is as slow as another one would be.
    counter.add(roll, latencies, failures);
    const failedLatency = counter.take();
    const ok = n - failures;
    const okSlowed = n === 0 ? 0 : Math.min(ok, Math.round((slowed * ok) / n));
    for (const [bucket, count] of failedLatency) counter.put(bucket, count);
    counter.add(roll, latencies, ok - okSlowed);
    if (okSlowed > 0) counter.add(roll, latencies, okSlowed, bucketsLonger(regression.slower?.times ?? 1));
    const latency = counter.take();
    const count: ArmCount = {
      version: side + 1,
      requests: n,
      failures: { status: failures, timeout: 0, connection: 0, deadline: 0 },
      firstFailures: this.clients?.firsts('failure', side, failures) ?? 0,
      latency,
      failedLatency,
    };
    return this.clients === null ? count : { ...count, ...this.firstsOf(this.clients, side, count, slow) };
  }

  private firstsOf(clients: Clients, side: 0 | 1, arm: ArmCount, slow: SlowLimits | null): Partial<ArmCount> {
    const { requests, latency } = arm;
    const first = clients.firsts('request', side, requests);
    const failed = binomial(this.roll, first, requests === 0 ? 0 : arm.failures.status / requests);
    const firstRequests = { requests: first, failures: failed };
    if (slow === null) return { firstRequests };
    const limits = side === 0 ? slow.stable : slow.candidate;
    const firstSlow = limits.map((limit, i) => {
      const beyond = latency.reduce((sum, [bucket, count]) => (bucket >= limit ? sum + count : sum), 0);
      return clients.firsts(`slow ${i}`, side, beyond);
    });
    return { firstRequests, firstSlow };
  }
}
