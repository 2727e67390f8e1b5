// What the instances themselves say: every running task is asked whether it is ready, and its node whether it is there.
import { setTimeout as wait } from 'node:timers/promises';
import { Readiness } from '../../../core/spec/project.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { InstanceSeen } from '../../../ports/runtime.ts';
import { type ReadinessWatch, watchReadiness } from '../process/watch/readiness.ts';
import { labelOf } from './labels.ts';
import { reasonToLeave } from './nodes.ts';
import type { SwarmNode, SwarmService } from './objects.ts';
import type { Reach } from './reach.ts';
import type { Standing } from './standing.ts';

/** A task that runs so long was ready for an earlier control plane, and stays so until it failed often enough. */
const SETTLED_MS = 30_000;

/** The engine of this machine may accept connections for a container that does not listen yet, and then ends them. */
const HELD_MS = 200;

export class Readings {
  readonly #clock: Clock;
  readonly #reach: Reach;
  readonly #onChange: (id: string) => void;
  /** By task. */
  readonly #watches = new Map<string, ReadinessWatch>();
  #states = '';

  constructor(clock: Clock, reach: Reach, onChange: (id: string) => void) {
    this.#clock = clock;
    this.#reach = reach;
    this.#onChange = onChange;
  }

  /** Asks the tasks that run now, and no others. */
  follow(all: readonly Standing[], services: readonly SwarmService[]): void {
    const running = new Map(all.filter((one) => one.state === 'running').map((one) => [one.taskId, one]));
    for (const [taskId, watch] of this.#watches) {
      if (running.has(taskId)) continue;
      watch.close();
      this.#watches.delete(taskId);
    }
    for (const [taskId, standing] of running) {
      if (!this.#watches.has(taskId)) this.#watches.set(taskId, this.#watch(standing, services));
    }
    const states = all.map(({ id, taskId, state }) => `${id} ${taskId} ${state}`).join('\n');
    if (states !== this.#states) this.#onChange('');
    this.#states = states;
  }

  /** Waits for the first answers, so that what was ready is never reported as starting. */
  async settled(patienceMs: number): Promise<void> {
    const first = Promise.all([...this.#watches.values()].map((watch) => watch.first));
    await Promise.race([first, wait(patienceMs, undefined, { ref: false })]);
  }

  /**
   * An instance on a node whose engine is silent is not ready as long as another of its version is, elsewhere: Swarm is about to
   * give it up, and a machine that is gone takes what it is sent without an answer. The last one is judged by its own answers.
   */
  seen(all: readonly Standing[], nodes: readonly SwarmNode[]): readonly InstanceSeen[] {
    const byId = new Map(nodes.map((node) => [node.ID, node]));
    const isSure = (one: Standing) => this.#reasonOf(one) === '' && !this.#reach.isSilent(one.host);
    const sure = all.filter(isSure);
    return all.map((one) => {
      const isLast = !sure.some((other) => other.service === one.service && other.version === one.version);
      const isLost = one.state === 'running' && !isLast && this.#reach.isSilent(one.host);
      const node = byId.get(one.nodeId);
      const leaving = one.state === 'exited' || node === undefined ? undefined : reasonToLeave(node);
      const reason = isLost ? `its node ${one.hostname} (${one.host}) answers no more` : this.#reasonOf(one);
      return { ...seenOf(one, reason), ...(leaving === undefined ? {} : { leaving }) };
    });
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  #reasonOf({ state, reason, taskId }: Standing): string {
    return state === 'running' ? (this.#watches.get(taskId)?.reason() ?? 'it was not asked yet') : reason || state;
  }

  #watch({ id, host, port, startedAt, serviceId }: Standing, services: readonly SwarmService[]): ReadinessWatch {
    const service = services.find((one) => one.ID === serviceId);
    const said = Readiness.safeParse(JSON.parse((service && labelOf(service, 'readiness')) || 'null'));
    // A command is asked by the engine of its node: Swarm says `running` only when it is healthy. Without a port nobody can ask.
    const isAsked = said.success && said.data.type !== 'command' && port > 0;
    const readiness: Readiness = isAsked ? said.data : { type: 'running' };
    const wasReady = this.#clock.now() - startedAt > SETTLED_MS;
    const asked = { readiness, host, port, folder: '/', environment: {}, heldMs: HELD_MS };
    return watchReadiness(asked, wasReady, () => this.#onChange(id));
  }
}

function seenOf(one: Standing, reason: string): InstanceSeen {
  const { id, service, version, slot, host, port, startedAt, exit, former, hostname, containerId } = one;
  const isReady = one.state === 'running' && reason === '';
  const running = isReady ? 'ready' : 'starting';
  const state = one.state === 'running' ? running : one.state;
  const handle = one.state === 'exited' || hostname === '' ? '' : `${containerId.slice(0, 12)} on ${hostname}`;
  const run = { startedAt, reason: isReady ? '' : reason, exit, former };
  return { id, service, version, slot, handle, state, host, port, ...run, cpu: null, memory: null };
}
