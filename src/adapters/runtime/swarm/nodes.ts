// The nodes of a Swarm: shown, emptied without a failed request, and let in again. What was ordered is written on the node itself.
import { z } from 'zod';
import { Failure } from '../../../core/failure.ts';
import type { NodeSeen, Nodes } from '../../../ports/nodes.ts';
import type { Engine } from '../engine/client.ts';
import type { Cluster } from './cluster.ts';
import { LABELS } from './labels.ts';
import { type SwarmNode, SwarmTask } from './objects.ts';
import { isOpen } from './placement.ts';
import { addressOf, type SwarmLook, standings } from './standing.ts';

/** On a node that is being emptied: since when, ms since 1970. */
const LEAVING = 'dev.fridaymorning.leaving';

/** `isSilent`: the engine at this address answers no more. */
export function swarmNodes(cluster: Cluster, now: () => number, isSilent: (address: string) => boolean): Nodes {
  const seen = async () => nodesSeen(await cluster.look(), isSilent);
  const changed = async (name: string, change: (node: SwarmNode) => SwarmNode['Spec'] | null) => {
    const { ID } = nodeNamed(await cluster.nodes(), name);
    await cluster.updateNode(ID, change);
    return (await seen()).find(({ id }) => id === ID) as NodeSeen;
  };
  return {
    list: seen,
    drain: async (name) => {
      const nodes = await cluster.nodes();
      const node = nodeNamed(nodes, name);
      if (!nodes.some((one) => one.ID !== node.ID && isOpen(one))) {
        const what = `${node.Description.Hostname} cannot be emptied: no other node is ready and active.`;
        throw new Failure('conflict', what, { hint: 'friday node ls' });
      }
      return changed(node.ID, ({ Spec }) =>
        isLeaving(Spec) || Spec.Availability === 'drain' ? null : leaving(Spec, now()),
      );
    },
    activate: (name) =>
      changed(name, ({ Spec }) => (isLeaving(Spec) || Spec.Availability !== 'active' ? active(Spec) : null)),
  };
}

type Spec = SwarmNode['Spec'];

/** Nothing new is placed there, and what runs there goes on. */
function leaving(spec: Spec, now: number): Spec {
  return { ...spec, Availability: 'pause', Labels: { ...spec.Labels, [LEAVING]: String(now) } };
}

function active(spec: Spec): Spec {
  const { [LEAVING]: _, ...labels } = spec.Labels;
  return { ...spec, Availability: 'active', Labels: labels };
}

function isLeaving({ Availability, Labels }: Spec): boolean {
  return Availability === 'pause' && Labels[LEAVING] !== undefined;
}

/** Why instances have to go from this node, in words; undefined = they may stay. */
export function reasonToLeave({ Spec, Description }: SwarmNode): string | undefined {
  return isLeaving(Spec) ? `its node ${Description.Hostname} is being emptied` : undefined;
}

/** A node that is empty is drained for everybody. Whoever asks first does it, for all projects of the Swarm. */
export async function finishDrains(engine: Engine, cluster: Cluster, nodes: readonly SwarmNode[]): Promise<void> {
  for (const node of nodes.filter(({ Spec }) => isLeaving(Spec))) {
    if ((await balancedTasks(engine, node.ID)) > 0) continue;
    await cluster.updateNode(node.ID, ({ Spec }) =>
      isLeaving(Spec) ? { ...active(Spec), Availability: 'drain' } : null,
    );
  }
}

/** Tasks of every project there that have to be followed by others before they stop: those behind a balancer. */
async function balancedTasks(engine: Engine, nodeId: string): Promise<number> {
  const filters = JSON.stringify({ node: [nodeId], label: [`${LABELS.balanced}=yes`] });
  const tasks = await engine.get('/tasks', z.array(SwarmTask), { query: { filters } });
  const hasEnded = ({ Status: { State } }: SwarmTask) =>
    ['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned'].includes(State);
  return tasks.filter((task) => !hasEnded(task)).length;
}

function nodeNamed(nodes: readonly SwarmNode[], name: string): SwarmNode {
  const found = nodes.filter(({ ID, Description }) => ID === name || Description.Hostname === name);
  const [node, other] = found;
  const names = nodes
    .map(({ Description }) => Description.Hostname)
    .sort()
    .join(', ');
  if (node === undefined)
    throw new Failure('not-found', `There is no node ${name}; there are ${names}.`, { hint: 'friday node ls' });
  if (other === undefined) return node;
  const ids = found.map(({ ID }) => ID).join(', ');
  throw new Failure('conflict', `${found.length} nodes are called ${name}: ${ids}.`, { hint: 'Name it by its id.' });
}

function nodesSeen(look: SwarmLook, isSilent: (address: string) => boolean): readonly NodeSeen[] {
  const running = standings(look).filter(({ state }) => state !== 'exited');
  const seen = look.nodes.map((node): NodeSeen => {
    const { Description, Spec, Status, ID } = node;
    const address = addressOf(node);
    return {
      id: ID,
      name: Description.Hostname,
      role: Spec.Role,
      state: Status.State === 'ready' && !isSilent(address) ? 'ready' : 'lost',
      availability: isLeaving(Spec) ? 'emptying' : AVAILABILITIES[Spec.Availability],
      address,
      engine: Description.Engine.EngineVersion,
      cores: Description.Resources.NanoCPUs / 1e9,
      memory: Description.Resources.MemoryBytes,
      instances: running.filter(({ nodeId }) => nodeId === ID).map(({ id }) => id),
    };
  });
  return seen.sort((one, other) => rank(one).localeCompare(rank(other)));
}

const AVAILABILITIES = { active: 'active', pause: 'paused', drain: 'drained' } as const;

function rank({ role, name, id }: NodeSeen): string {
  return `${role === 'manager' ? 0 : 1} ${name} ${id}`;
}
