// What a release policy is to the bench, and one whole release under it.
import { type Scenario, type Second, Traffic } from './traffic.ts';

export type Word = 'go on' | 'roll back' | 'promote' | 'hold';

/** One release: takes each second in and says what to do; `weight` in percent is what the next second follows. */
export interface Run {
  readonly weight: number;
  take(second: Second): Word;
}

export type Policy = {
  readonly name: string;
  /** `rps` is the usual load; a policy that steers by load may have measured it before. */
  readonly start: (rps: number, scenario: Scenario) => Run;
};

export type Outcome = { readonly word: Word; readonly seconds: number; readonly bad: number };

/** Seconds of stable alone before a release. */
export const BEFORE = 60;

/** One release from its first weight to its verdict, or to `seconds`. */
export function releaseOf(policy: Policy, scenario: Scenario, rps: number, seed: number, seconds: number): Outcome {
  const traffic = new Traffic(scenario, rps, seed);
  const run = policy.start(rps, scenario);
  for (let t = -BEFORE; t < 0; t += 1) run.take(traffic.second(t, 0));
  let bad = 0;
  for (let t = 0; t < seconds; t += 1) {
    const second = traffic.second(t, run.weight);
    bad += second.bad;
    const word = run.take(second);
    if (word !== 'go on') return { word, seconds: t + 1, bad };
  }
  return { word: 'hold', seconds, bad };
}
