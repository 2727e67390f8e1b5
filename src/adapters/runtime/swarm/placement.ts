// Where a new instance goes: spread over nodes and the labels of the file. Swarm spreads only within one of its services. Pure.
import type { Placement } from '../../../core/spec/container.ts';
import type { SwarmNode } from './objects.ts';

export type Neighbour = {
  readonly nodeId: string;
  /** Another instance of the same version of the same service. */
  readonly isSibling: boolean;
};

/** What the file says of where instances of a service may be. */
export type Rules = Pick<Placement, 'constraints' | 'spreads' | 'maxPerNode'>;

/** The best node for one more instance; null = Swarm shall choose. Ties go to the node that carries least, then by host name. */
export function chooseNode(
  placement: Rules | undefined,
  nodes: readonly SwarmNode[],
  neighbours: readonly Neighbour[],
): SwarmNode | null {
  const verdicts = nodes.map((node) => ({ node, fits: fits(node, placement?.constraints ?? []) }));
  // What we cannot read, Swarm can.
  if (verdicts.some(({ fits: one }) => one === null)) return null;
  const siblings = (nodeId: string) => neighbours.filter((one) => one.nodeId === nodeId && one.isSibling).length;
  const max = placement?.maxPerNode || Number.POSITIVE_INFINITY;
  const open = verdicts.filter(({ node, fits: one }) => one && isOpen(node) && siblings(node.ID) < max);
  const weights = open.map(({ node }) => ({ node, weight: weightOf(node, placement, nodes, neighbours) }));
  weights.sort((one, other) => compare(one.weight, other.weight) || byName(one.node, other.node));
  return weights[0]?.node ?? null;
}

/** Takes new instances now. */
export function isOpen({ Spec, Status }: SwarmNode): boolean {
  return Spec.Availability === 'active' && Status.State === 'ready';
}

function byName(one: SwarmNode, other: SwarmNode): number {
  return `${one.Description.Hostname} ${one.ID}` < `${other.Description.Hostname} ${other.ID}` ? -1 : 1;
}

/** Siblings with the same value of each label, in the order of the file; then siblings, then all instances on the node. */
function weightOf(
  node: SwarmNode,
  placement: Rules | undefined,
  nodes: readonly SwarmNode[],
  neighbours: readonly Neighbour[],
): readonly number[] {
  const byId = new Map(nodes.map((one) => [one.ID, one]));
  const siblings = neighbours.flatMap(({ isSibling, nodeId }) => (isSibling ? (byId.get(nodeId) ?? []) : []));
  const groups = levelsOf(placement).map((level) => siblings.filter((one) => level(one) === level(node)).length);
  return [...groups, neighbours.filter((one) => one.nodeId === node.ID).length];
}

/** What instances are spread over, most important first: the values of the file's labels, then nodes. */
export function levelsOf(placement: Pick<Rules, 'spreads'> | undefined): readonly ((node: SwarmNode) => string)[] {
  const labels = (placement?.spreads ?? []).map((name) => (node: SwarmNode) => attributeOf(node, name) ?? '');
  return [...labels, ({ ID }) => ID];
}

export function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at === -1 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}

/** Whether a node meets all constraints; null = one of them cannot be read here. */
function fits(node: SwarmNode, constraints: readonly string[]): boolean | null {
  let all = true;
  for (const text of constraints) {
    const [, name = '', sign = '', wanted = ''] = /^\s*(\S+?)\s*(==|!=)\s*(.+?)\s*$/.exec(text) ?? [];
    const value = attributeOf(node, name);
    if (value === null) return null;
    all &&= (value.toLowerCase() === wanted.toLowerCase()) === (sign === '==');
  }
  return all;
}

/** The value of `node.hostname` and its like; null = not known here. Source: docs.docker.com, "Placement constraints". */
function attributeOf({ ID, Spec, Description }: SwarmNode, name: string): string | null {
  if (name.startsWith('node.labels.')) return Spec.Labels[name.slice('node.labels.'.length)] ?? '';
  if (name === 'node.id') return ID;
  if (name === 'node.hostname') return Description.Hostname;
  return name === 'node.role' ? Spec.Role : null;
}
