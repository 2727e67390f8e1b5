// Orders about the nodes of a runtime that has several machines, and what is told of them.
import type { NodeView } from '../api/node-views.ts';
import { Failure } from '../core/failure.ts';
import { eventOf, type NewEvent } from '../core/journal.ts';
import type { Given } from '../core/orders.ts';
import type { NodeSeen, Nodes } from '../ports/nodes.ts';
import type { Order } from './api.ts';

/** Remembers an order about a node and tells of it. */
export type NodeTeller = (order: Order, eventOf: (given: Given) => NewEvent) => Promise<unknown>;

/** Failure: `conflict` (the runtime has one machine). */
export async function nodeViews(nodes: Nodes | undefined): Promise<readonly NodeView[]> {
  return (await required(nodes).list()).map(nodeView);
}

export async function drainNode(
  nodes: Nodes | undefined,
  name: string,
  order: Order,
  tell: NodeTeller,
): Promise<NodeView> {
  return change(required(nodes).drain(name), 'is being emptied', order, tell);
}

export async function activateNode(
  nodes: Nodes | undefined,
  name: string,
  order: Order,
  tell: NodeTeller,
): Promise<NodeView> {
  return change(required(nodes).activate(name), 'takes instances again', order, tell);
}

async function change(changed: Promise<NodeSeen>, what: string, order: Order, tell: NodeTeller): Promise<NodeView> {
  const node = await changed;
  await tell(order, (given) => nodeEvent(node, what, given));
  return nodeView(node);
}

function required(nodes: Nodes | undefined): Nodes {
  if (nodes !== undefined) return nodes;
  throw new Failure('conflict', 'Everything runs on this machine: only the runtime swarm has nodes.', {
    hint: 'Several machines: docs/how-to/swarm.md',
  });
}

function nodeView(node: NodeSeen): NodeView {
  return { ...node, instances: [...node.instances] };
}

function nodeEvent({ name, id, instances }: NodeSeen, what: string, { now, by, reason }: Given): NewEvent {
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
