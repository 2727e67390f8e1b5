// What judging costs: one turn of one release, beside reading the same counts from JSON, which every observer pays.
import { absorb, type JudgeState, startJudge, verdictOf } from '../../src/core/judge/judge.ts';
import { nextMove } from '../../src/core/ramp.ts';
import type { Cell } from '../../src/core/traffic.ts';
import { cellOf } from './ours.ts';
import { GOOD } from './scenarios.ts';
import { Traffic } from './traffic.ts';

export type Cost = {
  readonly rps: number;
  readonly weight: number;
  /** Absorb, verdict with its sentences and ramp, microseconds. */
  readonly turnUs: number;
  readonly parseUs: number;
  readonly stateBytes: number;
};

const PARAMS = {
  service: 'web',
  stable: 1,
  candidate: 2,
  isSticky: false,
  minRequests: 0,
  passRule: 'certified',
} as const;
const SECONDS = 60;

export function costs(seed: number, rounds: number): Cost[] {
  return [50, 500, 5000].flatMap((rps) => [5, 50].map((weight) => costOf(rps, weight, seed, rounds)));
}

function costOf(rps: number, weight: number, seed: number, rounds: number): Cost {
  const [scenario] = GOOD.slice(1);
  if (!scenario) throw new Error('no scenario');
  const traffic = new Traffic(scenario, rps, seed);
  const cells = Array.from({ length: SECONDS }, (_, t) => cellOf(traffic.second(t, weight), 1, weight));
  const texts = cells.map((cell) => JSON.stringify(cell));
  let state = startJudge(PARAMS);
  const turns: number[] = [];
  const parses: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    state = startJudge(PARAMS);
    for (const [t, cell] of cells.entries()) {
      const before = performance.now();
      state = turnOf(state, cell, t, rps);
      const between = performance.now();
      JSON.parse(texts[t] ?? '{}');
      turns.push(1000 * (between - before));
      parses.push(1000 * (performance.now() - between));
    }
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const stateBytes = JSON.stringify(state).length;
  return { rps, weight, turnUs: median(turns), parseUs: median(parses), stateBytes };
}

function turnOf(before: JudgeState, cell: Cell, t: number, rate: number): JudgeState {
  const state = absorb(before, [cell]);
  const verdict = verdictOf(state);
  nextMove({ weight: cell.weight, atWeightMs: 1000 * t, bakedMs: 1000 * t, rate, verdict });
  return state;
}
