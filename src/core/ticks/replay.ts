// The verdict of a release worked out again from its ticks, one by one, by its own rules or by others. Pure.
import { absorb, type JudgeParams, type JudgeState, startJudge, type Verdict, verdictOf } from '../judge/judge.ts';
import { cellOf, type Tick } from './tick.ts';

/** What the judge says after a tick. */
export type Moment = {
  /** Rises with every tick, from 0. */
  readonly index: number;
  /** Second since 1970. */
  readonly tick: number;
  /** Seconds since the first tick; 0 at the first one. */
  readonly seconds: number;
  readonly weight: number;
  readonly verdict: Verdict;
  /** The word, the weight, or what is known of a metric is another one than a tick before. */
  readonly isChange: boolean;
};

/** A judge that is told ticks. */
export class Replay {
  #judge: JudgeState;
  #since: number | null = null;
  #known = '';
  #taken = 0;

  constructor(params: JudgeParams) {
    this.#judge = startJudge(params);
  }

  /** The next tick; what the judge says is about the weight at that time. */
  take(tick: Tick): Moment {
    this.#judge = absorb(this.#judge, [cellOf(tick, this.#judge.params.service)]);
    this.#since ??= tick.tick;
    const verdict = verdictOf(this.#judge, { epoch: tick.epoch, weight: tick.weight });
    const known = standOf(verdict, tick.weight);
    const isChange = known !== this.#known;
    this.#known = known;
    const index = this.#taken;
    this.#taken += 1;
    const seconds = Math.max(0, tick.tick - this.#since);
    return { index, tick: tick.tick, seconds, weight: tick.weight, verdict, isChange };
  }

  /** The judge as it is now: after all ticks, what the release itself has in its evidence. */
  get judge(): JudgeState {
    return this.#judge;
  }

  /** The last word, with its receipt. */
  verdict(): Verdict {
    return verdictOf(this.#judge);
  }
}

/** What makes a moment worth telling. */
function standOf({ kind, receipt }: Verdict, weight: number): string {
  // Which routes a receipt names may change with every tick.
  const telling = receipt.metrics.filter((one) => one.isSafe !== null || one.isHarmful);
  return JSON.stringify([kind, weight, telling.map((one) => [one.metric, one.route, one.isSafe, one.isHarmful])]);
}
