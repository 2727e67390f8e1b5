// The Docker runtime: instances are containers of an engine of this machine, which keeps everything that is known of them.
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../../core/failure.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { InstanceSeen, InstanceSpec, Reach, Runtime } from '../../../ports/runtime.ts';
import { systemClock } from '../../clock/system.ts';
import { type Engine, engineAt } from '../engine/client.ts';
import { type PortRange, portsIn } from '../process/launch/ports.ts';
import { keyedLocks } from '../process/locks.ts';
import { inParallel } from '../process/snapshot/parallel.ts';
import { archiveOutput } from './archive.ts';
import { HOST_NAME, isHostNetwork } from './create.ts';
import { type ContainerEvent, followEvents } from './events.ts';
import { removeFiles } from './files.ts';
import { containerOf, identifyImage, prepareImage, pruneImages } from './images.ts';
import type { Instance } from './instance.ts';
import { LABEL, stoppingName } from './names.ts';
import { allOutput } from './output.ts';
import { ensureResources, gatewaysOf } from './resources.ts';
import { balancerFor, filesFolder, type Starting, startContainer } from './start.ts';
import { Stats, statsMeter } from './stats.ts';
import { type Watched, watchContainers } from './watched.ts';

export type DockerRuntimeOptions = {
  /** Name of the project. */
  readonly project: string;
  /** Absolute folder for copies of secrets and the output of removed instances. Made when it is not there. */
  readonly dir: string;
  /** In the words of DOCKER_HOST; default what the docker command would use. */
  readonly host?: string;
  /** Where instances are reached on this machine. Default 20000 to 32767. */
  readonly ports?: PortRange;
  /** Default 30 minutes. */
  readonly buildTimeoutMs?: number;
  readonly clock?: Clock;
  /** Reach instances at ports of this machine, also where they could be reached at their own addresses. Default false. */
  readonly isPublished?: boolean;
  /** A service was prepared here, so that something of the project may run in this engine from now on. */
  readonly onPrepared?: () => void;
};

export type DockerRuntime = Runtime & {
  readonly engine: Engine;
  /** Ends asking and looking after instances, which go on; a later runtime of the project adopts them. */
  close(): void;
  /** Calls `listener` when something happened to an instance. Gives the way to end it. */
  onChange(listener: (id: string) => void): () => void;
};

const SAMPLE_MS = 1000;
const AT_ONCE = 8;
const GATEWAYS_MS = 5000;
/** An instance that still runs so long after its grace time was not stopped by the engine: it was restarted meanwhile. */
const OVERDUE_MS = 5000;
/** Within it the engine has sent a signal that it was asked to send. */
const SENT_MS = 1000;

/** Nothing is asked yet. Failure: `invalid` (DOCKER_HOST is no address). */
export function dockerRuntime(options: DockerRuntimeOptions): DockerRuntime {
  return new Containers(options);
}

class Containers implements DockerRuntime {
  readonly engine: Engine;
  readonly #options: DockerRuntimeOptions;
  readonly #clock: Clock;
  readonly #listeners = new Set<(id: string) => void>();
  readonly #lock = keyedLocks();
  readonly #ports;
  readonly #meter = statsMeter();
  readonly #ending = new AbortController();
  readonly #watched: Watched;
  readonly #stoppingSince = new Map<string, number>();
  /** Who waits for the engine to have sent a signal to a container. */
  readonly #onKill = new Map<string, () => void>();
  /** Networks of prepared services; those that are external do not have our label. */
  readonly #networks = new Set<string>();
  #all: ReadonlyMap<string, Instance> = new Map();
  #gateways: { readonly at: number; readonly hosts: readonly string[] } | null = null;
  /** Of instances that were listed as running last: requests may be on their way there. */
  #addresses: ReadonlyMap<string, string> = new Map();
  #sampledAt = Number.NEGATIVE_INFINITY;

  constructor(options: DockerRuntimeOptions) {
    this.#options = options;
    this.engine = engineAt(options.host);
    this.#clock = options.clock ?? systemClock();
    const draw = Number.parseInt(this.#clock.token().slice(0, 8), 16) / 0x1_0000_0000;
    this.#ports = portsIn(options.ports ?? { first: 20_000, last: 32_767 }, draw);
    const now = () => this.#clock.monotonic();
    const ready = join(options.dir, 'ready.json');
    this.#watched = watchContainers(this.engine, options.project, ready, now, (id) => this.#tell(id));
    void followEvents(this.engine, options.project, (event) => this.#note(event), this.#ending.signal);
  }

  identify: Runtime['identify'] = (spec) => identifyImage(this.#images(), spec);

  prepare: Runtime['prepare'] = (spec) => {
    return this.#lock(`revisions ${spec.name}`, async () => {
      const { project } = this.#options;
      const revision = await prepareImage(this.#images(), spec);
      await ensureResources(this.engine, project, containerOf(spec));
      for (const { name } of containerOf(spec).networks) this.#networks.add(name);
      this.#gateways = null;
      this.#options.onPrepared?.();
      return revision;
    });
  };

  start: Runtime['start'] = (instance) => {
    return this.#lock(`instance ${instance.id}`, async () => {
      const all = [...(await this.#look()).values()];
      const known = all.find(({ id }) => id === instance.id);
      if (known !== undefined && !known.isOver) return;
      refuseBeside(instance, all);
      await this.#lock(`revisions ${instance.service}`, async () => {
        if (known !== undefined) await this.#forget(known);
        await startContainer(this.#starting(all), instance);
      });
      await this.#refuseTaken(instance.id);
    });
  };

  stop: Runtime['stop'] = (id) => {
    return this.#lock(`instance ${id}`, async () => {
      const known = await this.#find(id);
      if (known === null || known.isOver || known.isStopping) return;
      const path = `/containers/${known.container}`;
      // Written down first: whatever happens to this control plane, the next one sees what was asked.
      await this.engine.order('POST', `${path}/rename`, { query: { name: stoppingName(this.#options.project, id) } });
      this.#watched.distrust(known.container);
      await this.#askToStop(known);
    });
  };

  remove: Runtime['remove'] = (id) => {
    return this.#lock(`instance ${id}`, async () => {
      const known = await this.#find(id);
      if (known?.isOver !== true) return;
      await this.#forget(known);
    });
  };

  async list(): Promise<readonly InstanceSeen[]> {
    const there = [...(await this.#look()).values()].filter(({ isPending }) => !isPending);
    const all = there.sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#lookAfterStops(all);
    this.#sample(all);
    const running = all.filter(({ isOver, port }) => !isOver && port !== null);
    this.#addresses = new Map(running.map(({ id, host, port }) => [`${host}:${port}`, id]));
    return all.map((instance) => instance.toSeen(this.#meter.of(instance.container)));
  }

  prune: Runtime['prune'] = (service, keep) => {
    return this.#lock(`revisions ${service}`, async () => {
      const used = [...(await this.#look()).values()].map(({ seenLast }) => seenLast.Config.Labels[LABEL.digest] ?? '');
      await pruneImages(this.#images(), service, new Set([...keep, ...used]));
    });
  };

  async tail(id: string, lines: number): Promise<readonly string[]> {
    const known = lines > 0 ? await this.#find(id) : null;
    if (known === null) return [];
    const output = await allOutput(this.engine, known.container, { tail: lines });
    return output.slice(-lines).map(({ text }) => text);
  }

  async internalHosts(): Promise<readonly string[]> {
    const now = this.#clock.monotonic();
    if (this.#gateways === null || now - this.#gateways.at >= GATEWAYS_MS) {
      const hosts = await gatewaysOf(this.engine, this.#options.project, this.#networks);
      this.#gateways = { at: now, hosts };
    }
    return this.#gateways.hosts;
  }

  reach: NonNullable<Runtime['reach']> = async (spec): Promise<Reach> => {
    const container = containerOf(spec);
    const [first] = container.networks;
    if (isHostNetwork(container) || first === undefined) return { balancer: '127.0.0.1', isByName: true };
    await ensureResources(this.engine, this.#options.project, container);
    for (const { name } of container.networks) this.#networks.add(name);
    return { balancer: (await balancerFor(this.engine, first.name)) ?? HOST_NAME, isByName: true };
  };

  close(): void {
    this.#ending.abort();
    this.#listeners.clear();
    this.#watched.close();
    void this.engine.close();
  }

  onChange(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The engine gives a freed address to the next container; the balancer may still send requests of the one before there. */
  async #refuseTaken(id: string): Promise<void> {
    const fresh = await this.#find(id);
    if (fresh === null || fresh.isOver || fresh.port === null) return;
    const before = this.#addresses.get(`${fresh.host}:${fresh.port}`);
    if (before === undefined || before === id) return;
    const query = { force: true, v: true };
    await this.engine.order('DELETE', `/containers/${fresh.container}`, { query });
    throw new Failure('unavailable', `${id} got the address of an instance that has just ended, and is started again.`);
  }

  #tell(id: string): void {
    for (const listener of this.#listeners) listener(id);
  }

  #note(event: ContainerEvent | null): void {
    const container = event?.container ?? null;
    if (event?.action === 'kill') this.#onKill.get(event.container)?.();
    this.#watched.distrust(container);
    this.#tell((container === null ? undefined : this.#all.get(container)?.id) ?? '');
  }

  async #look(): Promise<ReadonlyMap<string, Instance>> {
    this.#all = await this.#watched.look();
    return this.#all;
  }

  async #find(id: string): Promise<Instance | null> {
    return [...(await this.#look()).values()].find((one) => one.id === id) ?? null;
  }

  #images() {
    const { project, buildTimeoutMs = 1_800_000 } = this.#options;
    return { engine: this.engine, project, buildTimeoutMs };
  }

  #starting(all: readonly Instance[]): Starting {
    const { project, dir, isPublished = false } = this.#options;
    const taken = new Set(all.map(({ port }) => port));
    const filesDir = join(dir, 'files');
    const isKnownPort = (port: number) => taken.has(port);
    return { engine: this.engine, project, filesDir, ports: this.#ports, isKnownPort, isPublished };
  }

  /** Keeps what it wrote, then removes the container and what belongs to it alone; never a named volume. */
  async #forget(known: Instance): Promise<void> {
    const { dir, project } = this.#options;
    await archiveOutput(this.engine, dir, known.seenLast);
    const query = { force: true, v: true };
    await this.engine.order('DELETE', `/containers/${known.container}`, { query }).catch((error) => {
      if (!(error instanceof Failure) || (error.code !== 'not-found' && error.code !== 'conflict')) throw error;
    });
    await removeFiles(filesFolder({ filesDir: join(dir, 'files'), project }, known.id));
    this.#stoppingSince.delete(known.container);
  }

  /** The engine sends the signal, waits and kills by itself, also when nobody waits for its answer any more. */
  async #askToStop({ container, seenLast }: Instance): Promise<void> {
    const seconds = seenLast.Config.StopTimeout ?? 10;
    const ask = { query: { t: seconds }, timeoutMs: 0, signal: this.#ending.signal };
    this.#stoppingSince.set(container, this.#clock.monotonic());
    const late = new AbortController();
    const isSent = new Promise<void>((resolve) => this.#onKill.set(container, resolve));
    const isOver = this.engine.order('POST', `/containers/${container}/stop`, ask).catch(() => undefined);
    // From here on it is the engine's promise. Its events may be late or away.
    await Promise.race([isSent, isOver, wait(SENT_MS, undefined, { signal: late.signal }).catch(() => undefined)]);
    late.abort();
    this.#onKill.delete(container);
  }

  /** An engine that was restarted meanwhile knows nothing of the stops that it was asked for. */
  #lookAfterStops(all: readonly Instance[]): void {
    const now = this.#clock.monotonic();
    for (const instance of all.filter(({ isStopping }) => isStopping)) {
      const since = this.#stoppingSince.get(instance.container) ?? now;
      this.#stoppingSince.set(instance.container, since);
      const graceMs = (instance.seenLast.Config.StopTimeout ?? 10) * 1000;
      if (now - since > graceMs + OVERDUE_MS) void this.#askToStop(instance);
    }
  }

  /** Asks the engine without keeping anybody waiting; a container that has just ended has no numbers. */
  #sample(all: readonly Instance[]): void {
    const now = this.#clock.monotonic();
    if (now - this.#sampledAt < SAMPLE_MS) return;
    this.#sampledAt = now;
    const running = all.filter(({ isOver }) => !isOver);
    this.#meter.keep(new Set(running.map(({ container }) => container)));
    const query = { stream: false, 'one-shot': true };
    void inParallel(running, AT_ONCE, async ({ container }) => {
      const stats = await this.engine.get(`/containers/${container}/stats`, Stats, { query }).catch(() => null);
      if (stats !== null) this.#meter.add(container, stats);
    });
  }
}

/** Two versions of a service that is not behind the balancer never run beside each other: they may share their data. */
function refuseBeside({ id, service, slot, version, spec }: InstanceSpec, all: readonly Instance[]): void {
  if (spec.port !== null) return;
  const other = all.find(({ isOver, seenLast: { Config } }) => {
    const { Labels } = Config;
    const isOther = Labels[LABEL.service] === service && Labels[LABEL.version] !== String(version);
    return !isOver && isOther && Labels[LABEL.slot] === String(slot);
  });
  if (other === undefined) return;
  throw new Failure(
    'unavailable',
    `${id} waits until ${other.id} has ended: both would have the same volumes and ports.`,
  );
}
