// One second of one service under one epoch while its requests are still counted.
import type { Arm, Cell, FailedRequest, ServiceTraffic, SlowLimits } from '../../core/traffic.ts';
import { draw } from '../chance.ts';
import { FirstCounts } from './first-counts.ts';
import type { ReleaseClients } from './release-clients.ts';
import type { RequestCount } from './request-count.ts';
import { Tally } from './tally.ts';

/** What all requests of a cell have in common: the routing under which they were assigned. */
export type Regime = {
  readonly service: string;
  readonly epoch: number;
  readonly weight: number;
  readonly salt: string;
  readonly isSticky: boolean;
  readonly stable: number | null;
  readonly candidate: number | null;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly clients: ReleaseClients;
  /** What is slow for sticky clients; null while that is not known. */
  readonly slow: SlowLimits | null;
};

export function regimeOf(traffic: ServiceTraffic, clients: ReleaseClients): Regime {
  const { service, epoch, weight, salt, isSticky, limits } = traffic;
  return {
    service,
    epoch,
    weight,
    salt,
    isSticky,
    stable: traffic.stable?.version ?? null,
    candidate: traffic.candidate?.version ?? null,
    deadlineMs: limits.deadlineMs,
    timeoutMs: limits.timeoutMs,
    clients,
    slow: traffic.slow ?? null,
  };
}

/** Routes told apart. */
const ROUTES = 64;
const SAMPLES = 20;

export class OpenCell {
  readonly regime: Regime;
  readonly tick: number;
  /** When the second is over. */
  readonly endsAt: number;
  readonly stable: Tally | null;
  readonly candidate: Tally | null;
  readonly outside = { requests: 0, failures: 0 };
  readonly seen = { answers: 0, failures: 0, refused: 0 };
  isClosed = false;
  /** Requests that are not final, newest first. */
  newest: RequestCount | null = null;
  lastStart = 0;
  private readonly places = new Map<string, number>();
  private readonly samples: FailedRequest[] = [];
  private failed = 0;

  constructor(regime: Regime, tick: number) {
    this.regime = regime;
    this.tick = tick;
    this.endsAt = (tick + 1) * 1000;
    this.stable = tallyOf('stable', regime);
    this.candidate = tallyOf('candidate', regime);
  }

  tallyOf(arm: Arm): Tally | null {
    return arm === 'stable' ? this.stable : this.candidate;
  }

  /**
   * The place of a route, in the order in which the first request of each started, whatever its arm and whether it is
   * judged; null when the places are taken.
   */
  placeOf(route: string): number | null {
    const known = this.places.get(route);
    if (known !== undefined) return known;
    const { size } = this.places;
    if (size >= ROUTES) return null;
    this.places.set(route, size);
    return size;
  }

  /** Whether every request is final by `now`, or will be made so. */
  isOver(now: number): boolean {
    if (now < this.endsAt) return false;
    return this.newest === null || now >= this.lastStart + this.regime.deadlineMs;
  }

  /** Keeps a uniform sample of all failed requests of the cell (Source: Vitter 1985, algorithm R). */
  sample(request: FailedRequest): void {
    this.failed += 1;
    if (this.samples.length < SAMPLES) {
      this.samples.push(request);
      return;
    }
    const place = Math.floor(draw() * this.failed);
    if (place < SAMPLES) this.samples[place] = request;
  }

  /** Makes what is still open final, and gives the counts. Nothing is counted here afterwards. */
  close(now: number, seq: number): Cell {
    this.isClosed = true;
    for (let one = this.newest; one !== null; one = this.newest) one.expire(now);
    const { service, epoch, weight } = this.regime;
    return {
      seq,
      service,
      tick: this.tick,
      epoch,
      weight,
      stable: this.stable?.toCount() ?? null,
      candidate: this.candidate?.toCount() ?? null,
      outside: { ...this.outside },
      seen: { ...this.seen },
      samples: this.samples,
    };
  }
}

/** Clients are told apart while the candidate of a sticky service has a share; what they met before is nothing to compare. */
function tallyOf(arm: Arm, { stable, candidate, weight, isSticky, clients, slow }: Regime): Tally | null {
  const version = arm === 'stable' ? stable : candidate;
  if (version === null) return null;
  const isByClient = isSticky && candidate !== null && weight > 0;
  return new Tally(version, isByClient ? new FirstCounts(clients, slow?.[arm] ?? null) : null);
}
