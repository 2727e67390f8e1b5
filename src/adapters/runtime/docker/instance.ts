// One container as it was seen last, and whether its instance is ready.
import type { Readiness } from '../../../core/spec/project.ts';
import { Readiness as ReadinessSchema } from '../../../core/spec/project.ts';
import type { InstanceSeen } from '../../../ports/runtime.ts';
import type { Container, ContainerListed } from '../engine/objects.ts';
import { type ReadinessWatch, watchReadiness } from '../process/watch/readiness.ts';
import type { Usage } from '../process/watch/usage.ts';
import { endWords, exitOf, startOf } from './ended.ts';
import { isStoppingName, LABEL } from './names.ts';

const HOST = '127.0.0.1';
/** The engine's proxy accepts a connection before it knows whether the instance does. */
const HELD_MS = 100;
const HEALTH_WORDS = 200;

export class Instance {
  readonly container: string;
  readonly id: string;
  readonly #onTurn: () => void;
  #seen: Container;
  #watch: ReadinessWatch | null = null;
  #watchedSince = 0;
  #wasReady: boolean;

  /** `wasReady`: it was ready for an earlier control plane. */
  constructor(seen: Container, wasReady: boolean, onTurn: () => void) {
    this.container = seen.Id;
    this.id = seen.Config.Labels[LABEL.instance] ?? '';
    this.#seen = seen;
    this.#wasReady = wasReady;
    this.#onTurn = onTurn;
    this.#follow();
  }

  get seenLast(): Container {
    return this.#seen;
  }

  /** Not running: ended, never started, or on its way out of the engine. */
  get isOver(): boolean {
    return !this.#seen.State.Running;
  }

  /** Created, and not started yet: a start is under way, or a control plane died in one, which the next start repeats. */
  get isPending(): boolean {
    const { Status, Error: error } = this.#seen.State;
    return Status === 'created' && error === '';
  }

  get isStopping(): boolean {
    return isStoppingName(this.#seen.Name) && !this.isOver;
  }

  get isReady(): boolean {
    return !this.isOver && !this.isStopping && this.#reason() === '';
  }

  /** Where it is reached. Empty when it has no address: it does not run. */
  get host(): string {
    const network = this.#label(LABEL.network);
    return network === '' ? HOST : (this.#seen.NetworkSettings.Networks[network]?.IPAddress ?? '');
  }

  /** Null when it is not behind the balancer. */
  get port(): number | null {
    const text = this.#label(LABEL.port);
    return text === '' ? null : Number(text);
  }

  update(seen: Container): void {
    this.#seen = seen;
    this.#follow();
  }

  /** Resolves when readiness is known well enough to be reported. */
  async settled(): Promise<void> {
    await this.#watch?.first;
  }

  close(): void {
    this.#watch?.close();
    this.#watch = null;
  }

  toSeen(usage: Usage): InstanceSeen {
    const common = {
      id: this.id,
      service: this.#label(LABEL.service),
      version: Number(this.#label(LABEL.version)),
      slot: Number(this.#label(LABEL.slot)),
      host: this.host,
      port: this.port ?? 0,
      startedAt: startOf(this.#seen),
    };
    if (this.isOver) {
      const exit = exitOf(this.#seen);
      return { ...common, handle: '', state: 'exited', reason: endWords(this.#seen), exit, cpu: null, memory: null };
    }
    const handle = `container ${this.container.slice(0, 12)}`;
    const running = { ...common, handle, exit: null, ...usage };
    if (this.isStopping) return { ...running, state: 'stopping', reason: 'it was asked to stop' };
    const reason = this.#reason();
    return { ...running, state: reason === '' ? 'ready' : 'starting', reason };
  }

  #label(name: string): string {
    return this.#seen.Config.Labels[name] ?? '';
  }

  #readiness(): Readiness {
    try {
      return ReadinessSchema.parse(JSON.parse(this.#label(LABEL.readiness)));
    } catch {
      return { type: 'running' };
    }
  }

  /** Keeps asking while it runs; anew when it was started again behind our back. */
  #follow(): void {
    const since = startOf(this.#seen);
    const isAsked = !this.isOver && !this.isStopping;
    if (this.#watch !== null && (!isAsked || since !== this.#watchedSince)) this.close();
    if (!isAsked || this.#watch !== null) return;
    const { port, host } = this;
    const readiness = this.#readiness();
    // The engine runs the healthcheck; only what can be asked from outside is asked here.
    const asked = port === null || readiness.type === 'command' ? { type: 'running' as const } : readiness;
    const wasReady = this.#wasReady;
    this.#wasReady = false;
    this.#watchedSince = since;
    this.#watch = watchReadiness(
      { readiness: asked, host, port: port ?? 0, folder: '/', environment: {}, heldMs: host === HOST ? HELD_MS : 0 },
      wasReady,
      () => this.#onTurn(),
    );
  }

  #reason(): string {
    if (this.#seen.State.Status === 'paused') return 'it is paused: docker unpause starts it again';
    const asked = this.#watch?.reason() ?? 'it was just started and was not asked yet';
    if (asked !== '' || this.#readiness().type === 'http') return asked;
    return healthWords(this.#seen);
  }
}

/** Empty when it is healthy, or has no healthcheck. */
function healthWords({ State: { Health } }: Container): string {
  if (Health === null || Health === undefined || Health.Status === 'none' || Health.Status === 'healthy') return '';
  const last = Health.Log.at(-1);
  if (last === undefined) return 'its healthcheck was not done yet';
  const said = last.Output.trim().split('\n').at(-1) ?? '';
  const how = `its healthcheck ended with exit status ${last.ExitCode}`;
  return said === '' ? how : `${how}: ${said.slice(0, HEALTH_WORDS)}`;
}

/** What of a listed container must have changed for a closer look to be worth it. */
export function markOf({ State, Status, Names }: ContainerListed): string {
  return [State, /\((healthy|unhealthy|health: starting)\)/.exec(Status)?.[1] ?? '', Names.join()].join(' ');
}
