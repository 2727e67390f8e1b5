// Where an instance stands, from what the Swarm says of its service, its tasks and its node. Pure.
import type { Exit, InstanceSeen } from '../../../ports/runtime.ts';
import { labelOf } from './labels.ts';
import type { SwarmNode, SwarmService, SwarmTask } from './objects.ts';

/** Everything that one look at the Swarm shows. */
export type SwarmLook = {
  readonly services: readonly SwarmService[];
  readonly tasks: readonly SwarmTask[];
  readonly nodes: readonly SwarmNode[];
};

/** `running`: Swarm says so; whether it is ready it has to say itself. */
export type Standing = Pick<
  InstanceSeen,
  'id' | 'service' | 'version' | 'slot' | 'host' | 'port' | 'startedAt' | 'exit'
> & {
  readonly state: 'starting' | 'running' | 'stopping' | 'exited';
  readonly reason: string;
  readonly serviceId: string;
  /** The task that runs or ran last; empty before the first. */
  readonly taskId: string;
  readonly nodeId: string;
  /** Host name of its node, empty before it has one. */
  readonly hostname: string;
  readonly containerId: string;
  /** It ended, and Swarm starts it again by itself. */
  readonly isHealing: boolean;
  /** Where it runs or is to run; empty = Swarm chooses. */
  readonly intendedNodeId: string;
  /** Since when it is held on the node that was chosen for it, ms since 1970; null = Swarm may move it. */
  readonly pinnedSince: number | null;
  /** How the run before ended, when Swarm has replaced it by itself. */
  readonly former: Exit | null;
};

const ENDED = new Set(['complete', 'shutdown', 'failed', 'rejected', 'remove', 'orphaned']);

/** Order by id. Services of two names for one instance do not happen: its name is made of its id. */
export function standings({ services, tasks, nodes }: SwarmLook): readonly Standing[] {
  const byId = new Map(nodes.map((node) => [node.ID, node]));
  const all = services.map((service) => {
    const own = tasks.filter((task) => task.ServiceID === service.ID).sort(byNewest);
    return standingOf(service, own, byId);
  });
  return all.sort((one, other) => (one.id < other.id ? -1 : 1));
}

function byNewest(one: SwarmTask, other: SwarmTask): number {
  return Date.parse(other.CreatedAt) - Date.parse(one.CreatedAt);
}

type Nodes = ReadonlyMap<string, SwarmNode>;

function standingOf(service: SwarmService, own: readonly SwarmTask[], nodes: Nodes): Standing {
  const stoppedAt = labelOf(service, 'stoppedAt');
  return stoppedAt === '' ? wanted(service, own, nodes) : stopped(service, own, nodes, Number(stoppedAt));
}

function stopped(service: SwarmService, own: readonly SwarmTask[], nodes: Nodes, askedAt: number): Standing {
  const task = own.find((one) => one.NodeID !== '') ?? null;
  const at = { at: askedAt, code: null, signal: null };
  if (task === null) return { ...about(service, null, nodes), state: 'exited', exit: at, reason: 'it was stopped' };
  const base = about(service, task, nodes);
  const isLost = nodes.get(task.NodeID)?.Status.State === 'down';
  if (!ENDED.has(task.Status.State) && !isLost) return { ...base, state: 'stopping', reason: 'it was asked to stop' };
  return {
    ...base,
    state: 'exited',
    exit: isLost ? lostExit(task, askedAt, nodes) : exitOf(task),
    reason: 'it was stopped',
  };
}

function wanted(service: SwarmService, own: readonly SwarmTask[], nodes: Nodes): Standing {
  const [newest] = own;
  if (newest === undefined || newest.Spec.ForceUpdate !== service.Spec.TaskTemplate.ForceUpdate) {
    return { ...about(service, null, nodes), state: 'starting', reason: 'Swarm has not planned it yet' };
  }
  const former = formerExit(newest, own, nodes);
  if (ENDED.has(newest.Status.State)) return ended(about(service, newest, nodes), exitOf(newest));
  // Swarm has made its next task, and waits before it lets it run.
  if (newest.DesiredState === 'ready' && former !== null) {
    return { ...ended(about(service, former.task, nodes), former.exit), isHealing: true };
  }
  const base = { ...about(service, newest, nodes), former: former?.exit ?? null };
  if (newest.Status.State === 'running') return { ...base, state: 'running', reason: '' };
  return { ...base, state: 'starting', reason: waitingWords(newest) };
}

function ended(base: Standing, exit: Exit): Standing {
  return { ...base, state: 'exited', exit, reason: `it ended: ${wordsOf(exit)}` };
}

function wordsOf({ why, signal, code }: Exit): string {
  if (why !== undefined) return why;
  return signal !== null ? `signal ${signal}` : `exit status ${code}`;
}

/** The end of the task before, when it was started by the same order: then Swarm replaced it by itself. */
function formerExit(
  newest: SwarmTask,
  own: readonly SwarmTask[],
  nodes: Nodes,
): { readonly task: SwarmTask; readonly exit: Exit } | null {
  const order = newest.Spec.ForceUpdate;
  const task = own.find((one) => one.ID !== newest.ID && one.NodeID !== '' && one.Spec.ForceUpdate === order);
  if (task === undefined) return null;
  if (ENDED.has(task.Status.State)) return { task, exit: exitOf(task) };
  const isLost = nodes.get(task.NodeID)?.Status.State !== 'ready';
  const at = Date.parse(newest.CreatedAt);
  return isLost ? { task, exit: lostExit(task, at, nodes) } : null;
}

function lostExit(task: SwarmTask, at: number, nodes: Nodes): Exit {
  const name = nodes.get(task.NodeID)?.Description.Hostname ?? task.NodeID;
  return { at, code: null, signal: null, why: `its node ${name} is lost` };
}

function about(service: SwarmService, task: SwarmTask | null, nodes: Nodes): Standing {
  const node = nodes.get(task?.NodeID ?? '');
  const port = Number(labelOf(service, 'port') || 0);
  const published = task?.Status.PortStatus?.Ports?.find((one) => one.TargetPort === port);
  return {
    id: labelOf(service, 'id'),
    service: labelOf(service, 'service'),
    version: Number(labelOf(service, 'version')),
    slot: Number(labelOf(service, 'slot')),
    host: node === undefined ? '' : addressOf(node),
    port: published?.PublishedPort ?? 0,
    startedAt: Date.parse(task?.CreatedAt ?? service.CreatedAt),
    state: 'starting',
    reason: '',
    exit: null,
    former: null,
    serviceId: service.ID,
    taskId: task?.ID ?? '',
    nodeId: task?.NodeID ?? '',
    hostname: node?.Description.Hostname ?? '',
    containerId: task?.Status.ContainerStatus?.ContainerID ?? '',
    isHealing: false,
    intendedNodeId: task?.NodeID || labelOf(service, 'pinnedTo'),
    pinnedSince: labelOf(service, 'pinnedAt') === '' ? null : Number(labelOf(service, 'pinnedAt')),
  };
}

/** The leader may not know its own address but as a manager. */
export function addressOf({ Status, ManagerStatus }: SwarmNode): string {
  if (Status.Addr !== '' && Status.Addr !== '0.0.0.0') return Status.Addr;
  return ManagerStatus?.Addr.replace(/:\d+$/, '') || '127.0.0.1';
}

const SIGNALS: Readonly<Record<number, string>> = {
  130: 'SIGINT',
  134: 'SIGABRT',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
};

/** A signal that ended it shows as 128 and its number. Source: wait(2) as runc reports it. */
export function exitOf(task: SwarmTask): Exit {
  const { Timestamp, ContainerStatus, State, Err } = task.Status;
  const at = Math.max(Date.parse(Timestamp), Date.parse(task.CreatedAt));
  const code = ContainerStatus?.ExitCode ?? null;
  if (State === 'rejected' || (State === 'failed' && (ContainerStatus?.ContainerID ?? '') === '')) {
    return { at, code: null, signal: null, why: Err.replaceAll('"', '').trim() || 'its node refused it' };
  }
  const signal = code === null ? null : (SIGNALS[code] ?? null);
  return { at, code: signal === null ? code : null, signal };
}

function waitingWords({ Status: { State, Err, Message } }: SwarmTask): string {
  const words = Err.trim() || Message.trim();
  return `Swarm has it ${State}${words === '' || words === State ? '' : `: ${words}`}`;
}
