// Which instances have met on a node though another one could take some of them: after a loss Swarm leaves them where they are. Pure.
import { z } from 'zod';
import type { Crowded } from '../../../core/spreading.ts';
import { labelOf } from './labels.ts';
import type { SwarmNode, SwarmService } from './objects.ts';
import { chooseNode, compare, levelsOf, type Neighbour, type Rules } from './placement.ts';
import { type Standing, type SwarmLook, standings } from './standing.ts';

/** One instance that would be better on another node. */
export type Crowding = {
  readonly id: string;
  readonly crowded: Crowded;
  /** Where another one would start in its place, which needs the image there. */
  readonly target: SwarmNode;
  readonly image: ImageWanted;
};

/** What Swarm is told to run, and of which revision of which service it is. */
export type ImageWanted = { readonly image: string; readonly service: string; readonly digest: string };

const RulesLabel = z.object({ spreads: z.array(z.string()), maxPerNode: z.number().nullable() });

/** Where instances are or are to be, as an instance of this version sees them. */
export function neighboursOf(all: readonly Standing[], service: string, version: number): readonly Neighbour[] {
  const others = all.filter((one) => one.state !== 'exited' && one.intendedNodeId !== '');
  return others.map((one) => {
    return { nodeId: one.intendedNodeId, isSibling: one.service === service && one.version === version };
  });
}

/** At most one instance of each version, of those behind the balancer. */
export function crowdingsIn(look: SwarmLook, all: readonly Standing[] = standings(look)): readonly Crowding[] {
  const services = new Map(look.services.map((one) => [one.ID, one]));
  const versions = Map.groupBy(all, ({ service, version }) => `${service} v${version}`);
  return [...versions.values()].flatMap((own) => {
    const [first] = own;
    const one = services.get(first?.serviceId ?? '');
    if (first === undefined || one === undefined || own.length < 2 || labelOf(one, 'balanced') === '') return [];
    const neighbours = neighboursOf(all, first.service, first.version);
    return crowdingOf(own, rulesOf(one), look.nodes, neighbours, one) ?? [];
  });
}

/** What an older version of friday started has no rules but the constraints. */
function rulesOf(service: SwarmService): Rules {
  const { spreads, maxPerNode } = parsed(labelOf(service, 'rules'), RulesLabel) ?? { spreads: [], maxPerNode: null };
  return { spreads, maxPerNode, constraints: parsed(labelOf(service, 'constraints'), z.array(z.string())) ?? [] };
}

function parsed<T>(text: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function crowdingOf(
  own: readonly Standing[],
  rules: Rules,
  nodes: readonly SwarmNode[],
  neighbours: readonly Neighbour[],
  service: SwarmService,
): Crowding | null {
  const target = chooseNode(rules, nodes, neighbours);
  if (target === null) return null;
  const siblings = neighbours.filter(({ isSibling }) => isSibling);
  const places = placesOf(rules, nodes, siblings);
  const running = own.flatMap((one) => {
    const node = nodes.find(({ ID }) => ID === one.nodeId);
    return one.state === 'running' && node !== undefined ? [{ one, node, weight: places.weightOf(node) }] : [];
  });
  // From where most are, and the one that has run for the shortest time.
  running.sort(
    (a, b) => compare(b.weight, a.weight) || b.one.startedAt - a.one.startedAt || (a.one.id < b.one.id ? 1 : -1),
  );
  for (const { one, node } of running) {
    const why = places.gainOf(node, target, one.service);
    if (why === null) continue;
    const image = service.Spec.TaskTemplate.ContainerSpec?.Image ?? '';
    const wanted = { image, service: one.service, digest: labelOf(service, 'digest') };
    return { id: one.id, crowded: { why, unevenness: places.unevenness() }, target, image: wanted };
  }
  return null;
}

/** Siblings by what they are spread over, most important level first. */
function placesOf(rules: Rules, nodes: readonly SwarmNode[], siblings: readonly Neighbour[]) {
  const byId = new Map(nodes.map((node) => [node.ID, node]));
  const placed = siblings.flatMap(({ nodeId }) => byId.get(nodeId) ?? []);
  const levels = levelsOf(rules);
  const counts = levels.map((level) => {
    const groups = new Map<string, number>();
    for (const node of placed) groups.set(level(node), (groups.get(level(node)) ?? 0) + 1);
    return groups;
  });
  const countAt = (level: number, node: SwarmNode) => counts[level]?.get(levels[level]?.(node) ?? '') ?? 0;
  return {
    weightOf: (node: SwarmNode) => levels.map((_, level) => countAt(level, node)),
    /**
     * Why one more there and one fewer here is better; null when it is not. The sum of squares of a level falls by
     * 2 (here − there − 1) unless both are in one group, and the first level that changes decides: so moves come to an end.
     */
    gainOf: (from: SwarmNode, to: SwarmNode, service: string): string | null => {
      for (const [level, groupOf] of levels.entries()) {
        const [here, there] = [countAt(level, from), countAt(level, to)];
        if (groupOf(from) === groupOf(to) || here - there === 1) continue;
        if (here - there < 1) return null;
        const spread = rules.spreads[level];
        const [one, other] =
          spread === undefined
            ? [from.Description.Hostname, to.Description.Hostname]
            : [`${spread} ${groupOf(from) || 'without a value'}`, groupOf(to) || 'the one without a value'];
        return `${one} has ${here} instances of ${service}, ${other} ${there === 0 ? 'none' : there}`;
      }
      return null;
    },
    /** The sums of squares of all levels as one number, the first level weighing most. */
    unevenness: () => {
      const base = placed.length ** 2 + 1;
      return counts.reduce((sum, groups) => sum * base + [...groups.values()].reduce((all, n) => all + n * n, 0), 0);
    },
  };
}
