// Instances that a person takes out of traffic, brings back and stops: nothing is lost, and another one always stands in.
import { describe, expect, it } from 'vitest';
import type { DrainAct } from '../core/drained.ts';
import type { Fate } from './crash.ts';
import { releaseIn, sendOut, served, web } from './fixture.ts';
import { ANNA, type SimRun } from './run.ts';

const LONG_S = 120;
const HOUR_S = 3600;

function stateOf(run: SimRun) {
  const service = run.scene.stored.services.get('web');
  if (!service) throw new Error('there is no web');
  return service;
}

const running = (run: SimRun) =>
  [...run.world.runtime.instances.values()]
    .filter((one) => !one.isOver)
    .map((one) => one.spec.slot)
    .sort((one, other) => one - other);

const routed = (run: SimRun) => run.world.balancer.trafficOf('web')?.stable?.targets.map(({ id }) => id) ?? [];
const told = (run: SimRun, words: string) => run.events().filter(({ sentence }) => sentence.includes(words)).length;

async function order(run: SimRun, instance: string, act: DrainAct): Promise<boolean> {
  return (await run.order('drain', 'web', (control) => control.drain('web', { instance, act }, ANNA))) !== null;
}

async function until(run: SimRun, isSo: () => boolean): Promise<void> {
  const seconds = await run.passUntil(() => run.isBroken || isSo(), LONG_S);
  if (run.isBroken || seconds < 0) throw new Error(run.report());
}

const isOut = (run: SimRun, id = 'web-v1-1') =>
  stateOf(run).drained?.some((one) => one.id === id && one.outSince !== null) ?? false;

/** Lost requests of all users, as they come. */
function losses(run: SimRun): number[] {
  const lost: number[] = [];
  run.world.watch.add({ lost: ({ requests }) => lost.push(requests) });
  return lost;
}

async function drained(run: SimRun): Promise<void> {
  expect(await order(run, 'web-v1-1', 'out')).toBe(true);
  await until(run, () => isOut(run));
}

describe('a drained instance', () => {
  it('gets no requests once another one stands in, and runs on', async () => {
    const run = await served();
    const lost = losses(run);
    await drained(run);
    await run.pass(60);
    expect([routed(run), running(run), lost]).toEqual([['web-v1-2', 'web-v1-1001'], [1, 2, 1001], []]);
    const view = run.control?.service('web');
    expect([view?.state, view?.ready, view?.wanted]).toEqual(['healthy', 2, 2]);
    expect(view?.instances.map(({ id, role }) => [id, role])).toEqual([
      ['web-v1-1', 'drained'],
      ['web-v1-1001', 'stable'],
      ['web-v1-2', 'stable'],
    ]);
  });

  it('comes back into traffic, and what stood in for it leaves', async () => {
    const run = await served();
    const lost = losses(run);
    await drained(run);
    await order(run, 'web-v1-1', 'back');
    await until(run, () => stateOf(run).drained === undefined);
    expect([routed(run), running(run), lost]).toEqual([['web-v1-1', 'web-v1-2'], [1, 2], []]);
    expect(told(run, 'has its place in traffic again')).toBe(1);
  });

  it('is stopped by order, and by itself after an hour', async () => {
    for (const isOrdered of [true, false]) {
      const run = await served();
      const lost = losses(run);
      await drained(run);
      if (isOrdered) await order(run, 'web-v1-1', 'stop');
      else await run.pass(HOUR_S);
      await until(run, () => !running(run).includes(1));
      expect([routed(run), running(run), lost]).toEqual([['web-v1-2', 'web-v1-1001'], [2, 1001], []]);
      expect(told(run, 'its time is over')).toBe(isOrdered ? 0 : 1);
    }
  });

  it('ends with the service, and when its place falls away', async () => {
    for (const isDown of [true, false]) {
      const run = await served();
      await drained(run);
      if (isDown) await run.order('down', 'web', (control) => control.down(['web'], ANNA));
      else {
        run.configure('web', { replicas: 0 });
        await run.up();
      }
      await until(run, () => running(run).length === 0);
      expect(told(run, 'is drained no more and stops')).toBe(1);
    }
  });

  it('ends when a release retires its version', async () => {
    const run = await served();
    await drained(run);
    await sendOut(run);
    await until(run, () => releaseIn(run).phase === 'promoted');
    await until(run, () => run.world.runtime.instances.get('web-v1-1') === undefined);
    expect(told(run, 'web-v1-1 is drained no more and stops: people use v2 now.')).toBe(1);
  });

  it('is forgotten when it ends by itself, which is told once', async () => {
    const run = await served();
    await drained(run);
    run.world.runtime.instances.get('web-v1-1')?.end(null, 'SIGKILL');
    await until(run, () => !run.world.runtime.instances.has('web-v1-1'));
    expect(stateOf(run).drained).toBeUndefined();
    expect(told(run, 'web-v1-1 ended while it was drained, with signal SIGKILL.')).toBe(1);
    expect(routed(run)).toEqual(['web-v1-2', 'web-v1-1001']);
  });

  it('serves while no other instance can, and leaves again', async () => {
    const run = await served(web({}, { replicas: 1 }));
    await drained(run);
    run.world.runtime.slowestStartS = 10;
    run.world.runtime.instances.get('web-v1-1001')?.end(null, 'SIGKILL');
    await until(run, () => routed(run).includes('web-v1-1'));
    await until(run, () => routed(run).includes('web-v1-1001'));
    await run.pass(3);
    expect([routed(run), running(run), isOut(run)]).toEqual([['web-v1-1001'], [1, 1001], true]);
  });

  it('is one of two at most, and keeps its state when the control plane is killed', async () => {
    const run = await served(web({}, { replicas: 3 }));
    await drained(run);
    expect(await order(run, 'web-v1-2', 'out')).toBe(true);
    await until(run, () => isOut(run, 'web-v1-2'));
    expect(await order(run, 'web-v1-3', 'out')).toBe(false);
    run.kill();
    await run.pass(30);
    expect([running(run), routed(run)]).toEqual([
      [1, 2, 3, 1001, 1002],
      ['web-v1-3', 'web-v1-1001', 'web-v1-1002'],
    ]);
  });

  it('that was not out yet stays in traffic when a release begins', async () => {
    const run = await served();
    await order(run, 'web-v1-1', 'out');
    await sendOut(run);
    await until(run, () => releaseIn(run).phase === 'ramping');
    expect(told(run, 'The drain of web-v1-1 was given up: a release began.')).toBe(1);
    await until(run, () => stateOf(run).drained === undefined);
    expect(routed(run)).toEqual(['web-v1-1', 'web-v1-2']);
    expect(await order(run, 'web-v1-1', 'out')).toBe(false);
  });

  it.each(['before', 'after', 'unavailable'] as const)(
    'goes out, back, out and stops when the control plane fails %s a call',
    async (fate: Fate) => {
      for (const at of [1, 2, 4, 6, 9, 14]) {
        const run = await served();
        const ordered = async (act: DrainAct, isSo: () => boolean) => {
          run.fateOf = () => 'well';
          await run.pass(1);
          await order(run, 'web-v1-1', act);
          const before = run.calls;
          run.fateOf = ({ number }) => (number === before + at ? fate : 'well');
          await until(run, isSo);
        };
        await ordered('out', () => isOut(run));
        await ordered('back', () => stateOf(run).drained === undefined);
        expect(running(run)).toEqual([1, 2]);
        await ordered('out', () => isOut(run));
        await ordered('stop', () => !running(run).includes(1));
        expect(running(run)).toEqual([2, 1001]);
      }
    },
  );
});
