// The control plane is killed at every port call of whole releases; nothing of it may show in how they end.
import { describe, expect, it } from 'vitest';
import type { ReleaseRecord } from '../control/memory.ts';
import { decide } from '../core/turn.ts';
import type { Behaviour } from './behaviour.ts';
import type { Fate } from './crash.ts';
import { auto, releaseIn, sendOut, served, steps, web } from './fixture.ts';
import type { SimOptions, SimRun } from './run.ts';

const SPEC = web({ steps: steps([5, 50], 1500), minRequests: 10, keepWarmMs: 2000, readyTimeoutMs: 4000 });

/** Few requests, so that it begins at 20 %, and a pass by requests: the ramp is over within a minute. */
const AUTO = web(
  { ...auto({ minBakeMs: 0 }), passRule: 'requests', minRequests: 10, keepWarmMs: 2000, readyTimeoutMs: 4000 },
  { replicas: 1 },
);

/** Half a second more at each weight, so that a turn more or less within a second makes no difference. */
const UNHURRIED: Partial<SimOptions> = {
  decide: (memory, world) => {
    const services = Object.entries(memory.services).map(([name, service]) => {
      const { release } = service;
      const ramp = release?.ramp && { ...release.ramp, dwellMs: 15_500 };
      return [name, { ...service, release: release && ramp ? { ...release, ramp } : release }] as const;
    });
    return decide({ ...memory, services: Object.fromEntries(services) }, world);
  },
};

/** From the order to rest, with one call of a port broken; `at` counts calls from the order on. */
async function release(
  behaviour: Partial<Behaviour>,
  at: number,
  fate: Fate,
  spec = SPEC,
): Promise<{ run: SimRun; calls: number }> {
  const run = await served(spec, spec === AUTO ? UNHURRIED : {});
  const crowd = run.world.users.crowds.get('web');
  if (crowd && spec === AUTO) crowd.rate = 10;
  if (spec === AUTO) await run.pass(60);
  const before = run.calls;
  run.fateOf = ({ number }) => (number === before + at ? fate : 'well');
  await sendOut(run, behaviour);
  // A person whose order was not heard gives it again; `up` changes nothing that is as the file says.
  if (run.kills > 0) await run.up();
  await run.pass(spec === AUTO ? 45 : 14);
  return { run, calls: run.calls - before };
}

const IS_TIME = 1_700_000_000_000;

/** All that is kept of the release but for the salt; times to the second, for a kill may spare or cost a turn in it. */
function kept(run: SimRun): unknown {
  const { release, evidence } = run.scene.stored.releases.get(releaseIn(run).id) as ReleaseRecord;
  const text = JSON.stringify({ release: { ...release, salt: '' }, evidence }, (_, value) =>
    typeof value === 'number' && value > IS_TIME ? Math.floor(value / 1000) : value,
  );
  return JSON.parse(text);
}

/** What the journal says; a control plane that has just begun knows the rate of fewer seconds. */
function tellingEvents(run: SimRun): readonly string[] {
  return run.events().map((event) => `${event.type}: ${event.sentence.replace(/about \S+ at today's/, "at today's")}`);
}

describe.each([
  ['promoted', {}],
  ['rolled_back', { errorShare: 0.7 }],
  ['failed', { readyAfterS: null }],
] as const)('a release that ends %s', (phase, behaviour) => {
  it.each(['before', 'after'] as const)(
    'ends the same, bit for bit, when the control plane is killed %s any call',
    async (fate) => {
      const whole = await release(behaviour, 0, 'well');
      expect(releaseIn(whole.run).phase).toBe(phase);
      for (let at = 1; at <= whole.calls; at += 1) {
        const { run } = await release(behaviour, at, fate);
        if (run.isBroken) throw new Error(run.report());
        expect(kept(run), `killed ${fate} call ${at}\n${run.report()}`).toEqual(kept(whole.run));
        expect(tellingEvents(run)).toEqual(tellingEvents(whole.run));
      }
    },
  );
});

it.each(['before', 'after'] as const)(
  'a ramp ends the same, bit for bit, when the control plane is killed %s any call',
  async (fate) => {
    const whole = await release({}, 0, 'well', AUTO);
    expect(releaseIn(whole.run)).toMatchObject({ phase: 'promoted', ramp: { budget: 10 } });
    for (let at = 1; at <= whole.calls; at += 1) {
      const { run } = await release({}, at, fate, AUTO);
      if (run.isBroken) throw new Error(run.report());
      expect(kept(run), `killed ${fate} call ${at}\n${run.report()}`).toEqual(kept(whole.run));
      expect(tellingEvents(run)).toEqual(tellingEvents(whole.run));
    }
  },
);
