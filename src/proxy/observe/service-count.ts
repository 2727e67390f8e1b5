// The open cells of one service, oldest first, given out in the order of their seconds.
import type { Arm } from '../../core/traffic.ts';
import { OpenCell, type Regime } from './cell.ts';
import { RequestCount, type RequestFacts } from './request-count.ts';
import { RouteNames } from './route-names.ts';

export class ServiceCount {
  private regime: Regime;
  private readonly names = new RouteNames();
  private readonly queue: OpenCell[] = [];
  private current: OpenCell | null = null;
  private readonly give: (cell: OpenCell, now: number) => void;
  private readonly settleBound = (now: number) => this.settle(now);

  constructor(regime: Regime, give: (cell: OpenCell, now: number) => void) {
    this.regime = regime;
    this.give = give;
  }

  /** Requests are counted under `regime` from now on. */
  change(regime: Regime): void {
    this.regime = regime;
    this.current = null;
  }

  /** Counts a request that starts now. */
  start(arm: Arm, isOutside: boolean, now: number, facts: RequestFacts): RequestCount {
    const route = this.names.of(facts.method, facts.url);
    return new RequestCount(this.cellAt(now), arm, isOutside, now, route, facts, this.settleBound);
  }

  /** A client got a response head; `own` is the cell of its request. */
  saw(own: OpenCell | null, now: number, isFailure: boolean): void {
    const { seen } = this.openOr(own, now);
    seen.answers += 1;
    if (isFailure) seen.failures += 1;
  }

  /** A client's answer was cut after its head. */
  sawCut(own: OpenCell | null, now: number): void {
    this.openOr(own, now).seen.failures += 1;
  }

  refused(now: number): void {
    this.cellAt(now).seen.refused += 1;
  }

  /** Gives out every cell that is over, up to the first that is not. */
  settle(now: number): void {
    for (let first = this.queue[0]; first?.isOver(now); first = this.queue[0]) {
      this.queue.shift();
      this.give(first, now);
    }
  }

  /** The second of the oldest open cell; null when none is open. */
  get oldestTick(): number | null {
    return this.queue[0]?.tick ?? null;
  }

  private openOr(own: OpenCell | null, now: number): OpenCell {
    return own && !own.isClosed ? own : this.cellAt(now);
  }

  private cellAt(now: number): OpenCell {
    if (this.current !== null && now < this.current.endsAt) return this.current;
    this.settle(now);
    this.current = new OpenCell(this.regime, Math.floor(now / 1000));
    this.queue.push(this.current);
    return this.current;
  }
}
