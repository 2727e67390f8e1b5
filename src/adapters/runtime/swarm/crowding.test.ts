// Tests of which instances would be better on another node, and that moving them comes to an end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crowdingsIn } from './crowding.ts';
import { LABELS } from './labels.ts';
import { SwarmNode, SwarmService, SwarmTask } from './objects.ts';
import type { SwarmLook } from './standing.ts';

const AT = '2026-11-20T10:00:00.000Z';

type NodeGiven = { readonly zone?: string; readonly state?: string; readonly availability?: string };

function nodeOf(name: string, { zone = '', state = 'ready', availability = 'active' }: NodeGiven = {}) {
  return SwarmNode.parse({
    ID: name,
    Version: { Index: 1 },
    Spec: { Labels: { zone }, Role: 'worker', Availability: availability },
    Description: { Hostname: name },
    Status: { State: state, Addr: '10.0.0.1' },
  });
}

type Rules = {
  readonly spreads?: readonly string[];
  readonly maxPerNode?: number;
  readonly constraints?: readonly string[];
};

/** One running instance of `web` on each of these nodes, in the order of their slots. */
function lookOf(nodes: readonly SwarmNode[], on: readonly string[], rules: Rules = {}, balanced = 'yes'): SwarmLook {
  const { spreads = [], maxPerNode = null, constraints = [] } = rules;
  const labels = (slot: number) => ({
    [LABELS.id]: `web-v1-${slot}`,
    [LABELS.service]: 'web',
    [LABELS.version]: '1',
    [LABELS.slot]: String(slot),
    [LABELS.port]: '80',
    [LABELS.balanced]: balanced,
    [LABELS.constraints]: JSON.stringify(constraints),
    [LABELS.rules]: JSON.stringify({ spreads, maxPerNode }),
  });
  const services = on.map((_, index) =>
    SwarmService.parse({
      ...{ ID: `s${index}`, Version: { Index: 1 }, CreatedAt: AT, UpdatedAt: AT },
      Spec: { Name: `web-v1-${index + 1}`, Labels: labels(index + 1), TaskTemplate: { ContainerSpec: { Image: 'i' } } },
    }),
  );
  const tasks = on.map((name, index) =>
    SwarmTask.parse({
      ...{ ID: `t${index}`, ServiceID: `s${index}`, NodeID: name, CreatedAt: AT, DesiredState: 'running' },
      Status: { Timestamp: AT, State: 'running' },
    }),
  );
  return { services, tasks, nodes };
}

const three = ['n1', 'n2', 'n3'].map((name) => nodeOf(name));
const found = (...given: Parameters<typeof lookOf>) =>
  crowdingsIn(lookOf(...given)).map(({ id, target, crowded }) => [id, target.ID, crowded.why]);

describe('of instances on the nodes of a Swarm', () => {
  it('one would be better on an empty node, when another node has two', () => {
    expect(found(three, ['n1', 'n1'])).toEqual([['web-v1-2', 'n2', 'n1 has 2 instances of web, n2 none']]);
    expect(found(three, ['n2', 'n1', 'n1', 'n1'])).toEqual([['web-v1-4', 'n3', 'n1 has 3 instances of web, n3 none']]);
  });

  it('none would be, when nodes differ by one at most', () => {
    for (const on of [['n1'], ['n1', 'n2'], ['n1', 'n2', 'n3', 'n1'], ['n1', 'n1', 'n2', 'n2', 'n3']]) {
      expect(found(three, on)).toEqual([]);
    }
  });

  it('none would be on a node that is away, takes nothing or is not allowed', () => {
    const away = [nodeOf('n1'), nodeOf('n2', { state: 'down' }), nodeOf('n3', { availability: 'pause' })];
    expect(found(away, ['n1', 'n1'])).toEqual([]);
    expect(found(three, ['n1', 'n1', 'n1'], { constraints: ['node.hostname==n1'] })).toEqual([]);
    expect(found(three, ['n1', 'n1', 'n1'], { constraints: ['engine.labels.x==y'] })).toEqual([]);
  });

  it('none would be, where another one cannot stand in first', () => {
    expect(found(three, ['n1', 'n1'], {}, '')).toEqual([]);
  });

  it('the labels of the file come first', () => {
    const zones = [nodeOf('a', { zone: 'x' }), nodeOf('b', { zone: 'x' }), nodeOf('c', { zone: 'y' })];
    const rules = { spreads: ['node.labels.zone'] };
    expect(found(zones, ['a', 'b'], rules)).toEqual([
      ['web-v1-2', 'c', 'node.labels.zone x has 2 instances of web, y none'],
    ]);
    expect(found(zones, ['a', 'b', 'c', 'c'], rules)).toEqual([]);
    expect(found(zones, ['a', 'a', 'c', 'c'], rules)).toEqual([['web-v1-2', 'b', 'a has 2 instances of web, b none']]);
  });

  it('moves come to an end, and leave nodes that differ by one at most', () => {
    const aNode = fc.record({
      zone: fc.constantFrom('', 'x', 'y'),
      availability: fc.constantFrom('active', 'active', 'pause'),
    });
    const some = fc.array(aNode, { minLength: 1, maxLength: 6 });
    const places = fc.array(fc.nat({ max: 5 }), { maxLength: 12 });
    const rules = fc.record({
      spreads: fc.constantFrom([], ['node.labels.zone']),
      maxPerNode: fc.constantFrom(0, 0, 1, 3),
    });
    fc.assert(
      fc.property(some, places, rules, (given, at, file) => {
        const nodes = given.map((one, index) => nodeOf(`n${index}`, one));
        const on = at.map((index) => nodes[index % nodes.length]?.ID ?? '');
        let last = Number.POSITIVE_INFINITY;
        for (let moves = 0; ; moves += 1) {
          expect(moves).toBeLessThan(100);
          const [next] = crowdingsIn(lookOf(nodes, on, file));
          if (next === undefined) break;
          expect(next.crowded.unevenness).toBeLessThan(last);
          last = next.crowded.unevenness;
          on[Number(next.id.split('-').at(-1)) - 1] = next.target.ID;
        }
        if (file.spreads.length > 0 || file.maxPerNode > 0) return;
        const open = nodes.filter(({ Spec }) => Spec.Availability === 'active');
        const counts = open.map(({ ID }) => on.filter((one) => one === ID).length);
        if (open.length > 0) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
