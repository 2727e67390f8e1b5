// What the control plane says of nodes, and that it has some.
import type { NodeView } from '../api/node-views.ts';
import { Failure } from '../core/failure.ts';
import { eventOf, type NewEvent } from '../core/journal.ts';
import type { Given } from '../core/orders.ts';
import type { NodeSeen, Nodes } from '../ports/nodes.ts';

/** Failure: `conflict` (the runtime has one machine). */
export function nodesOf(nodes: Nodes | undefined): Nodes {
  if (nodes !== undefined) return nodes;
  throw new Failure('conflict', 'Everything runs on this machine: only the runtime swarm has nodes.', {
    hint: 'Several machines: docs/how-to/swarm.md',
  });
}

export function nodeView(node: NodeSeen): NodeView {
  return { ...node, instances: [...node.instances] };
}

export function nodeEvent({ name, id, instances }: NodeSeen, what: string, { now, by, reason }: Given): NewEvent {
  const why = reason === '' ? '' : `: ${reason.replace(/\.$/, '')}`;
  return eventOf(
    now,
    'node',
    null,
    null,
    null,
    `The node ${name} ${what}${why}.`,
    { node: id, instances: instances.length },
    by,
  );
}
