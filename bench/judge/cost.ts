// What judging costs: one turn of one release, and a hundred releases at once; with routes and answers of 4xx.
import { absorb, type JudgeState, startJudge, verdictOf } from '../../src/core/judge/judge.ts';
import { nextMove } from '../../src/core/ramp.ts';
import type { Cell } from '../../src/core/traffic.ts';
import { cellOf, PARAMS } from './ours.ts';
import { GOOD } from './scenarios.ts';
import { Traffic } from './traffic.ts';

export type Cost = {
  readonly rps: number;
  readonly weight: number;
  /** Absorb, verdict with its sentences and ramp, microseconds. */
  readonly turnUs: number;
  /** Reading the same counts from JSON, which every observer pays. */
  readonly parseUs: number;
  readonly stateBytes: number;
};

/** Many releases of the same rate, a turn of each in every second. */
export type Crowd = { readonly releases: number; readonly rps: number; readonly percentOfCore: number };

const SECONDS = 60;

export function costs(seed: number, rounds: number): Cost[] {
  return [50, 500, 5000].flatMap((rps) => [5, 50].map((weight) => costOf(rps, weight, seed, rounds)));
}

function cellsOf(rps: number, weight: number, seed: number): Cell[] {
  const scenario = GOOD[1];
  if (!scenario) throw new Error('no scenario');
  const traffic = new Traffic(scenario, rps, seed);
  return Array.from({ length: SECONDS }, (_, t) => cellOf(traffic.second(t, weight), 1, weight));
}

function costOf(rps: number, weight: number, seed: number, rounds: number): Cost {
  const cells = cellsOf(rps, weight, seed);
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

/** The median second of processor time of so many releases, less that of a loop over the same cells that judges nothing. */
export function crowdOf(seed: number, releases = 100, rps = 50): Crowd {
  const crowds = Array.from({ length: releases }, (_, i) => ({
    cells: cellsOf(rps, [5, 15, 45, 50][i % 4] ?? 50, seed + i),
    state: startJudge(PARAMS),
  }));
  const spent = (t: number, turn: (one: (typeof crowds)[number], cell: Cell) => void): number => {
    const before = process.cpuUsage();
    for (const one of crowds) {
      const cell = one.cells[t];
      if (cell) turn(one, cell);
    }
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  let touched = 0;
  const shares = Array.from({ length: SECONDS }, (_, t) => {
    const empty = spent(t, (_one, cell) => {
      touched += cell.tick;
    });
    const judged = spent(t, (one, cell) => {
      one.state = turnOf(one.state, cell, t, rps);
    });
    return (100 * (judged - empty)) / 1_000_000;
  });
  if (touched < 0) throw new Error('the empty loop saw no cells');
  return { releases, rps, percentOfCore: shares.sort((a, b) => a - b)[Math.floor(SECONDS / 2)] ?? 0 };
}

function turnOf(before: JudgeState, cell: Cell, t: number, rate: number): JudgeState {
  const state = absorb(before, [cell]);
  const verdict = verdictOf(state);
  nextMove({ weight: cell.weight, atWeightMs: 1000 * t, bakedMs: 1000 * t, rate, verdict });
  return state;
}
