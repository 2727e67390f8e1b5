// Every invariant has to notice the mistakes that it is there for.
import { describe, expect, it } from 'vitest';
import { hostileRun } from './hostile.ts';
import { INVARIANTS } from './invariants.ts';
import { MISTAKES } from './mistakes.ts';
import type { Invariant, Violation } from './scene.ts';

/** Worlds in which a mistake has to show. */
const WORLDS = 200;

describe.each(Object.entries(INVARIANTS))('%s', (invariant, { name }) => {
  it(`has a planted mistake: ${name}`, () => {
    expect(MISTAKES.map((mistake) => mistake.invariant)).toContain(invariant as Invariant);
  });
});

it.each(MISTAKES)('$invariant notices a loop that $name', async ({ invariant, plant, faults = {} }) => {
  const found: Violation[] = [];
  for (let world = 1; world <= WORLDS; world += 1) {
    const run = await hostileRun({ seed: `mistake ${world}`, planted: plant(), faults });
    found.push(...run.violations);
    if (run.violations.some((one) => one.invariant === invariant)) break;
  }
  expect(found.map((one) => one.invariant)).toContain(invariant);
});
