// Services that scale by themselves under load that rises, bursts and falls, alone and during releases.
import { describe, expect, it } from 'vitest';
import { replicasOf } from '../core/service.ts';
import type { ReleaseSpec, Scale } from '../core/spec/project.ts';
import { decide, type Memory } from '../core/turn.ts';
import { releaseIn, sendOut, served, steps, web } from './fixture.ts';
import type { SimOptions, SimRun } from './run.ts';

const BY_RATE: Scale = { min: 2, max: 6, target: { rate: 50 }, downAfterMs: 300_000 };
const BY_OPEN: Scale = { min: 1, max: 8, target: { inflight: 10 }, downAfterMs: 60_000 };

/** Half of the traffic in one step. */
const AT_ONCE: Partial<ReleaseSpec> = { steps: steps([50], 60_000) };

async function scaled(
  scale: Scale,
  options: Partial<SimOptions> = {},
  release: Partial<ReleaseSpec> = {},
): Promise<SimRun> {
  const plan = { steps: steps([5, 25, 50], 15_000), keepWarmMs: 20_000, minRequests: 5, ...release };
  const run = await served(web(plan, { replicas: scale.min, scale }), options);
  ask(run, 50);
  return run;
}

/** Requests per second, and long ones that are open all the time, about so many. */
function ask(run: SimRun, rate: number, open = 0): void {
  const crowd = run.world.users.crowds.get('web');
  if (!crowd) throw new Error('web has no users');
  Object.assign(crowd, { rate, longRate: open / 5, longS: 9 });
}

function stateOf(run: SimRun) {
  const service = run.scene.stored.services.get('web');
  if (!service) throw new Error('there is no web');
  return service;
}

/** Instances wanted of what serves. */
function size(run: SimRun): number {
  return replicasOf(stateOf(run), stateOf(run).stable);
}

function readyOf(run: SimRun, version: number): number {
  return [...run.world.runtime.instances.values()].filter((one) => one.spec.version === version && one.isReady).length;
}

function told(run: SimRun): readonly string[] {
  return run.events().flatMap((event) => (event.type === 'service_scaled' ? [event.sentence] : []));
}

/** Nobody was lost and nothing broken. */
function expectSound(run: SimRun, lost: readonly number[]): void {
  if (run.isBroken) throw new Error(run.report());
  expect(lost).toEqual([]);
}

function countLosses(run: SimRun): readonly number[] {
  const lost: number[] = [];
  run.world.watch.add({ lost: ({ requests }) => lost.push(requests) });
  return lost;
}

describe('a service that scales by itself', () => {
  it('grows within seconds, shrinks only after five minutes of less, and loses no request', async () => {
    const run = await scaled(BY_RATE);
    const lost = countLosses(run);
    await run.pass(60);
    expect(size(run)).toBe(2);
    ask(run, 250, 3);
    expect(await run.passUntil(() => readyOf(run, 1) === 5, 60)).toBeLessThanOrEqual(60);
    ask(run, 60, 3);
    await run.pass(250);
    expect(size(run)).toBeGreaterThanOrEqual(5);
    expect(await run.passUntil(() => size(run) === 2, 240)).toBeGreaterThan(0);
    await run.pass(20);
    expect(readyOf(run, 1)).toBe(2);
    expectSound(run, lost);
    const sentences = told(run);
    expect(sentences[0]).toMatch(/^web grows from 2 to \d instances: \d+ requests\/s, 50 wanted for each\.$/);
    expect(sentences.at(-1)).toMatch(/^web shrinks from \d to 2 instances: .* no more was needed for 5 min\.$/);
  });

  it('does not flap at a load that stays', async () => {
    const run = await scaled(BY_RATE);
    ask(run, 150);
    await run.pass(1200);
    expectSound(run, []);
    const changes = told(run);
    expect(changes.length).toBeLessThanOrEqual(2);
    expect(changes.filter((sentence) => sentence.includes('shrinks'))).toEqual([]);
  });

  it('keeps through bursts what the last one needed', async () => {
    const run = await scaled(BY_OPEN);
    for (let burst = 0; burst < 6; burst += 1) {
      ask(run, 50, 60);
      await run.pass(20);
      ask(run, 50, 2);
      await run.pass(20);
      if (burst > 0) expect(size(run)).toBeGreaterThanOrEqual(4);
    }
    expectSound(run, []);
    expect(told(run).filter((sentence) => sentence.includes('shrinks'))).toEqual([]);
  });

  it('never goes beyond its most, and says what it would need', async () => {
    const run = await scaled(BY_RATE);
    ask(run, 900);
    await run.pass(90);
    expect(size(run)).toBe(6);
    expect(run.control?.service('web').scale).toMatchObject({ min: 2, max: 6, wanted: 6 });
    expect(run.control?.service('web').scale?.sentence).toMatch(/it needs 1[5-9], but may have 6\.$/);
  });

  it('does not shrink while the balancer cannot be asked, nor soon after', async () => {
    const run = await scaled({ ...BY_RATE, downAfterMs: 10_000 });
    ask(run, 250);
    await run.pass(60);
    expect(size(run)).toBe(5);
    run.fateOf = ({ port }) => (port === 'balancer' ? 'unavailable' : 'well');
    await run.pass(400);
    expect(size(run)).toBe(5);
    run.fateOf = () => 'well';
    await run.pass(60);
    expect(size(run)).toBe(5);
    expectSound(run, []);
  });

  it('does not shrink while what a target needs is not measured', async () => {
    const blind: typeof decide = (memory, world) =>
      decide(memory, { ...world, instances: world.instances.map((one) => ({ ...one, cpu: null })) });
    const scale = { ...BY_RATE, target: { rate: 50, cpu: 70 }, downAfterMs: 10_000 };
    const run = await scaled(scale, { decide: blind });
    ask(run, 250);
    await run.pass(60);
    ask(run, 10);
    await run.pass(300);
    expect(size(run)).toBe(5);
    expectSound(run, []);
  });
});

describe('a release of a service that scales by itself', () => {
  it('gives the candidate instances ahead of its traffic while the load grows, and loses no request', async () => {
    const run = await scaled(BY_RATE);
    const lost = countLosses(run);
    ask(run, 200);
    await run.pass(60);
    expect(size(run)).toBe(4);
    await sendOut(run);
    const seen: [number, number][] = [];
    run.world.watch.add({
      routing: ({ services }) => {
        const { candidate, weight } = services[0] ?? {};
        if (candidate && weight) seen.push([weight, candidate.targets.length]);
      },
    });
    let rate = 200;
    await run.pass(90, async () => {
      rate = Math.min(290, rate + 2);
      ask(run, rate);
    });
    expect(releaseIn(run).phase).toBe('promoted');
    expectSound(run, lost);
    expect(seen.length).toBeGreaterThanOrEqual(4);
    for (const [weight, ready] of seen)
      expect(ready).toBeGreaterThanOrEqual(Math.ceil((4 * Math.min(weight, 100)) / 100));
    expect(size(run)).toBeGreaterThanOrEqual(6);
  });

  it('does not let a candidate whose requests hang make stable larger', async () => {
    const run = await scaled(BY_OPEN, {}, AT_ONCE);
    ask(run, 200, 15);
    await run.pass(60);
    const before = size(run);
    expect(before).toBeLessThanOrEqual(3);
    await sendOut(run, { hangShare: 0.2 });
    await run.pass(60);
    expect(releaseIn(run).phase).toBe('rolled_back');
    if (run.isBroken) throw new Error(run.report());
    expect(size(run)).toBeLessThanOrEqual(before + 1);
  });

  it('reserves for a rollback what all traffic needs', async () => {
    const run = await scaled({ ...BY_RATE, downAfterMs: 5000 });
    ask(run, 240);
    await run.pass(60);
    const lost = countLosses(run);
    await sendOut(run);
    await run.passUntil(() => releaseIn(run).weight === 50, 120);
    expect(readyOf(run, 1)).toBe(5);
    await run.order('rollback', 'web', (control) => control.rollBack('web', null, { by: 'anna', reason: '' }));
    await run.pass(2);
    expect(readyOf(run, 1)).toBe(5);
    expectSound(run, lost);
  });

  it('waits with the next weight until the instances for it are ready', async () => {
    const run = await scaled(BY_RATE, {}, { steps: steps([5, 50], 2000) });
    ask(run, 290);
    await run.pass(60);
    await sendOut(run, { readyAfterS: 10 });
    await run.passUntil(() => releaseIn(run).weight === 50, 70);
    const { weight } = releaseIn(run);
    expect(weight).toBeGreaterThan(0);
    expect(readyOf(run, 2)).toBeGreaterThanOrEqual(Math.ceil((6 * weight) / 100));
    expectSound(run, []);
  });
});

/** Sizes and events of a run in which one call is broken. */
async function killedAt(at: number, fate: 'before' | 'after' | 'well'): Promise<{ run: SimRun; calls: number }> {
  const run = await scaled({ ...BY_RATE, downAfterMs: 10_500 });
  const before = run.calls;
  run.fateOf = ({ number }) => (number === before + at ? fate : 'well');
  ask(run, 250);
  await run.pass(20);
  ask(run, 40);
  await run.pass(50);
  return { run, calls: run.calls - before };
}

it.each(['before', 'after'] as const)(
  'is sized the same when the control plane is killed %s any call',
  async (fate) => {
    const whole = await killedAt(0, 'well');
    expect(told(whole.run).length).toBeGreaterThanOrEqual(2);
    for (let at = 1; at <= whole.calls; at += 1) {
      const { run } = await killedAt(at, fate);
      if (run.isBroken) throw new Error(run.report());
      expect(told(run), `killed ${fate} call ${at}`).toEqual(told(whole.run));
      expect(stateOf(run).copies).toEqual(stateOf(whole.run).copies);
    }
  },
);

/** Decides well, but remembers other sizes of stable. */
function resized(
  change: (wanted: number, memory: Memory, world: Parameters<typeof decide>[1]) => number,
): typeof decide {
  return (memory, world) => {
    const turn = decide(memory, world);
    const web = turn.memory.services.web;
    const wanted = web?.copies?.[web.stable ?? 0];
    if (!web || web.stable === null || wanted === undefined) return turn;
    const copies = { ...web.copies, [web.stable]: change(wanted, turn.memory, world) };
    return { ...turn, memory: { ...turn.memory, services: { ...turn.memory.services, web: { ...web, copies } } } };
  };
}

describe('I9 notices a loop that', () => {
  it('shrinks below the load', async () => {
    const run = await scaled(BY_RATE, { decide: resized((wanted, _, { now }) => (now % 60_000 < 2000 ? 2 : wanted)) });
    ask(run, 250);
    await run.pass(200);
    expect(run.violations.map((one) => one.invariant)).toContain('I9');
  });

  it('counts the open requests of the candidate as those of stable', async () => {
    const run = await scaled(
      BY_OPEN,
      {
        decide: (memory, world) => {
          const service = memory.services.web;
          const open = { ...world.balancer?.open };
          for (const [id, count] of Object.entries(open)) {
            if (id.startsWith(`web-v${service?.release?.version}-`))
              open[`web-v${service?.stable}-1`] = (open[`web-v${service?.stable}-1`] ?? 0) + count;
          }
          return decide(memory, { ...world, balancer: world.balancer && { ...world.balancer, open } });
        },
      },
      AT_ONCE,
    );
    ask(run, 200, 15);
    await run.pass(60);
    await sendOut(run, { hangShare: 0.2 });
    await run.pass(60);
    expect(run.violations.map((one) => one.invariant)).toContain('I9');
  });

  it('gives a candidate traffic that it has no instances for', async () => {
    const few: typeof decide = (memory, world) => {
      const { web } = memory.services;
      if (!web?.release || web.release.weight === 0) return decide(memory, world);
      const turn = decide(
        { ...memory, services: { ...memory.services, web: { ...web, copies: { ...web.copies, 1: 1 } } } },
        world,
      );
      const acts = turn.acts.filter((act) => act.type !== 'start');
      const after = turn.memory.services.web;
      const back = after && { ...after, copies: { ...after.copies, 1: 6, 2: 2 } };
      return {
        ...turn,
        acts,
        memory: { ...turn.memory, services: { ...turn.memory.services, ...(back ? { web: back } : {}) } },
      };
    };
    const run = await scaled(BY_RATE, { decide: few });
    ask(run, 290);
    await run.pass(60);
    await sendOut(run);
    await run.pass(120);
    expect(run.violations.map((one) => one.invariant)).toContain('I9');
  });
});
