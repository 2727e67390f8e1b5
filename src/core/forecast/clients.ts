// Clients of a sticky service in a forecast: how many of them meet something for the first time, on which side.
import { binomial, type Dice } from './dice.ts';

type Pair = [stable: number, candidate: number];

/**
 * A fixed number of clients, each as busy as the others. A client moves to the candidate once, when the weight rises. What
 * it has met, it has met for the whole release, as the balancer counts.
 */
export class Clients {
  private readonly roll: Dice;
  private weight = 0;
  private readonly all: Pair;
  /** By what is met: the clients that have not met it yet. */
  private readonly fresh = new Map<string, Pair>();

  constructor(roll: Dice, count: number) {
    this.roll = roll;
    this.all = [count, 0];
  }

  /** The weight in percent rises; it never falls while a release lasts. */
  moveTo(weight: number): void {
    if (weight <= this.weight) return;
    const share = (weight - this.weight) / (100 - this.weight);
    this.weight = weight;
    for (const pair of [this.all, ...this.fresh.values()]) {
      const moved = binomial(this.roll, pair[0], Math.min(1, share));
      pair[0] -= moved;
      pair[1] += moved;
    }
  }

  /** Of `events` on one side (0 stable, 1 candidate), those that are the first of their client. */
  firsts(what: string, side: 0 | 1, events: number): number {
    const pair = this.fresh.get(what) ?? ([...this.all] as Pair);
    this.fresh.set(what, pair);
    if (events === 0 || pair[side] === 0) return 0;
    const isMet = -Math.expm1(events * Math.log1p(-1 / Math.max(1.000001, this.all[side])));
    const met = Math.min(events, binomial(this.roll, pair[side], isMet));
    pair[side] -= met;
    return met;
  }
}
