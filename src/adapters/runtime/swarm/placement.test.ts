// Tests of where instances go.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Placement } from '../../../core/spec/container.ts';
import { SwarmNode } from './objects.ts';
import { chooseNode, type Neighbour } from './placement.ts';

type Given = {
  readonly labels?: Record<string, string>;
  readonly role?: string;
  readonly state?: string;
  readonly availability?: string;
};

function nodeOf(name: string, { labels = {}, role = 'worker', state = 'ready', availability = 'active' }: Given = {}) {
  return SwarmNode.parse({
    ID: `id-${name}`,
    Version: { Index: 1 },
    Spec: { Labels: labels, Role: role, Availability: availability },
    Description: { Hostname: name },
    Status: { State: state, Addr: '10.0.0.1' },
  });
}

const plain: Placement = { constraints: [], spreads: [], maxPerNode: null, registry: null, engines: {} };
const on = (name: string, isSibling = true): Neighbour => ({ nodeId: `id-${name}`, isSibling });
const nameOf = (placement: Partial<Placement>, nodes: readonly SwarmNode[], neighbours: readonly Neighbour[]) =>
  chooseNode({ ...plain, ...placement }, nodes, neighbours)?.Description.Hostname ?? null;

describe('an instance goes', () => {
  const three = ['a', 'b', 'c'].map((name) => nodeOf(name));

  it('where fewest of its version are, then where fewest of all are', () => {
    expect(nameOf({}, three, [on('a'), on('b'), on('c', false), on('c', false)])).toBe('c');
    expect(nameOf({}, three, [on('a', false), on('b', false), on('b', false), on('c', false)])).toBe('a');
  });

  it('never to a node that is away, paused or drained', () => {
    const nodes = [
      nodeOf('a', { state: 'down' }),
      nodeOf('b', { availability: 'pause' }),
      nodeOf('c', { availability: 'drain' }),
    ];
    expect(nameOf({}, nodes, [])).toBeNull();
    expect(nameOf({}, [...nodes, nodeOf('d')], [on('d'), on('d')])).toBe('d');
  });

  it('where the constraints of the file allow it', () => {
    const nodes = [nodeOf('a', { role: 'manager' }), nodeOf('b', { labels: { disk: 'ssd' } }), nodeOf('c')];
    expect(nameOf({ constraints: ['node.role == worker'] }, nodes, [on('b')])).toBe('c');
    expect(nameOf({ constraints: ['node.labels.disk==ssd'] }, nodes, [on('b')])).toBe('b');
    expect(nameOf({ constraints: ['node.hostname!=a', 'node.hostname!=b'] }, nodes, [])).toBe('c');
    expect(nameOf({ constraints: ['node.labels.disk==none'] }, nodes, [])).toBeNull();
  });

  it('wherever Swarm wants, when a constraint cannot be read here', () => {
    expect(nameOf({ constraints: ['engine.labels.os==debian'] }, three, [])).toBeNull();
  });

  it('over the values of a label first', () => {
    const nodes = [
      nodeOf('a', { labels: { zone: 'x' } }),
      nodeOf('b', { labels: { zone: 'x' } }),
      nodeOf('c', { labels: { zone: 'y' } }),
    ];
    const placed = [on('a'), on('c', false), on('c', false)];
    expect(nameOf({ spreads: ['node.labels.zone'] }, nodes, placed)).toBe('c');
  });

  it('nowhere, when every node has as many as the file allows', () => {
    expect(nameOf({ maxPerNode: 1 }, three, [on('a'), on('b'), on('c')])).toBeNull();
    expect(nameOf({ maxPerNode: 1 }, three, [on('a'), on('c')])).toBe('b');
  });

  it('so that the versions of a service never differ by more than one between nodes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 30 }), (nodeCount, instances) => {
        const nodes = Array.from({ length: nodeCount }, (_, index) => nodeOf(`n${index}`));
        const placed: Neighbour[] = [];
        for (let index = 0; index < instances; index += 1) {
          const chosen = chooseNode(plain, nodes, placed);
          placed.push({ nodeId: chosen?.ID ?? '', isSibling: true });
        }
        const counts = nodes.map(({ ID }) => placed.filter((one) => one.nodeId === ID).length);
        return Math.max(...counts) - Math.min(...counts) <= 1;
      }),
    );
  });
});
