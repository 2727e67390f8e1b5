// The Swarm runtime: every instance is a Swarm service with one replica, so that each starts, drains and stops by itself.
import { Failure } from '../../../core/failure.ts';
import type { Crowded } from '../../../core/spreading.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Nodes } from '../../../ports/nodes.ts';
import type { InstanceSeen, InstanceSpec, Runtime } from '../../../ports/runtime.ts';
import { systemClock } from '../../clock/system.ts';
import { type Engine, engineAt } from '../engine/client.ts';
import { keyedLocks } from '../process/locks.ts';
import { addressTowards, isLoopback, managerAddress, ownNode } from './address.ts';
import { type Addresses, addressesIn } from './addresses.ts';
import { type Cluster, clusterOf } from './cluster.ts';
import { crowdingsIn, neighboursOf } from './crowding.ts';
import { homesOf } from './homes.ts';
import { type Images, swarmImages } from './images.ts';
import { labelOf, serviceName } from './labels.ts';
import { tailOf } from './logs.ts';
import { finishDrains, swarmNodes } from './nodes.ts';
import { chooseNode } from './placement.ts';
import { watchReach } from './reach.ts';
import { Readings } from './readings.ts';
import { ensureSecrets, pruneSecrets } from './secrets.ts';
import { releasedSpec, type Surroundings, stoppedSpec, swarmSpec } from './service-spec.ts';
import { addressOf, type Standing, type SwarmLook, standings } from './standing.ts';
import { type UsageWatch, watchUsage } from './usage.ts';

export type SwarmRuntimeOptions = {
  readonly project: string;
  /** A manager's, in the words of DOCKER_HOST; default what the docker command would use. */
  readonly host?: string;
  readonly clock?: Clock;
  /** Of the engines of the nodes; default what this process is told. */
  readonly addresses?: Addresses;
};

export type SwarmRuntime = Runtime & {
  readonly engine: Engine;
  readonly nodes: Nodes;
  /** Ends asking; instances go on, and a later runtime adopts them. */
  close(): void;
  /** Calls `listener` when an instance changed. Gives the way to end it. */
  onChange(listener: (id: string) => void): () => void;
};

const LOOK_MS = 500;
const LOOK_BUSY_MS = 150;
/** A first answer that takes longer is reported by a later list. */
const SETTLE_MS = 5000;
/** A node that cannot take what was chosen for it is given up after so long. */
const STUCK_MS = 2000;

/** Nothing is asked before the first call. */
export function swarmRuntime(options: SwarmRuntimeOptions): SwarmRuntime {
  return new Swarm(options);
}

class Swarm implements SwarmRuntime {
  readonly engine: Engine;
  readonly nodes: Nodes;
  readonly #options: SwarmRuntimeOptions;
  readonly #cluster: Cluster;
  readonly #images: Images;
  readonly #addresses: Addresses;
  readonly #clock: Clock;
  readonly #lock = keyedLocks();
  readonly #listeners = new Set<(id: string) => void>();
  readonly #reach;
  readonly #usage: UsageWatch;
  readonly #readings: Readings;
  #look: SwarmLook = { services: [], tasks: [], nodes: [] };
  /** By id of an instance. */
  #crowded: ReadonlyMap<string, Crowded> = new Map();
  #own: Promise<string> | null = null;
  #settled: Promise<void> | null = null;
  #ownAddress: Promise<string> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: SwarmRuntimeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
    this.engine = engineAt(options.host);
    this.#addresses = options.addresses ?? addressesIn(null);
    this.#cluster = clusterOf(this.engine, options.project);
    this.#images = swarmImages({
      project: options.project,
      engine: this.engine,
      nodes: this.#cluster.nodes,
      ownNode: () => this.#ownId(),
      addresses: this.#addresses,
    });
    this.#usage = watchUsage(this.engine, this.#addresses);
    this.#reach = watchReach(() => this.#changed(''));
    this.nodes = swarmNodes(this.#cluster, () => this.#clock.now(), this.#reach.isSilent);
    this.#readings = new Readings(this.#clock, this.#reach, (id) => this.#changed(id));
    this.#schedule(0);
  }

  identify: Runtime['identify'] = (spec) => this.#images.identify(spec);

  prepare: Runtime['prepare'] = (spec) => this.#images.prepare(spec);

  prune: Runtime['prune'] = async (service, keep) => {
    const { services } = await this.#cluster.look();
    const used = services.filter((one) => labelOf(one, 'service') === service).map((one) => labelOf(one, 'digest'));
    await this.#images.prune(service, [...new Set([...keep, ...used])]);
    await pruneSecrets(this.engine, this.#options.project);
  };

  start: Runtime['start'] = (instance) => {
    // One after the other, so that each sees where those before went.
    return this.#lock('start', () => this.#lock(instance.id, () => this.#start(instance)));
  };

  /** Where nodes reach this machine, on which the balancer runs. */
  internalHosts: NonNullable<Runtime['internalHosts']> = async () => {
    const host = await this.#address();
    return isLoopback(host) ? [] : [host];
  };

  reach: NonNullable<Runtime['reach']> = async () => ({ balancer: await this.#address(), isByName: true });

  stop: Runtime['stop'] = (id) => {
    return this.#lock(id, async () => {
      await this.#cluster.update(this.#nameOf(id), (service) => {
        return labelOf(service, 'stoppedAt') === '' ? stoppedSpec(service, this.#clock.now()) : null;
      });
      this.#schedule(0);
    });
  };

  remove: Runtime['remove'] = (id) => {
    return this.#lock(id, async () => {
      const standing = (await this.#refresh()).find((one) => one.id === id);
      if (standing?.state === 'exited') await this.#cluster.remove(this.#nameOf(id));
    });
  };

  async list(): Promise<readonly InstanceSeen[]> {
    const all = await this.#refresh();
    this.#settled ??= this.#readings.settled(SETTLE_MS);
    await this.#settled;
    const seen = this.#readings.seen(all, this.#look.nodes);
    const standing = new Map(all.map((one) => [one.id, one]));
    return seen.map((one) => {
      const at = standing.get(one.id);
      const crowded = this.#crowded.get(one.id);
      const usage = at?.state === 'running' ? this.#usage.of(at) : {};
      return { ...one, ...usage, ...(crowded === undefined ? {} : { crowded }) };
    });
  }

  async tail(id: string, lines: number): Promise<readonly string[]> {
    if (lines <= 0) return [];
    const service = await this.#cluster.service(this.#nameOf(id));
    return service === null ? [] : tailOf(this.engine, service.ID, lines);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
    this.#reach.close();
    this.#usage.close();
    this.#readings.close();
    void this.engine.close();
  }

  onChange(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asked of the kernel once: the address that it would use towards the manager's. */
  #address(): Promise<string> {
    this.#ownAddress ??= managerAddress(this.engine).then(addressTowards);
    this.#ownAddress.catch(() => {
      this.#ownAddress = null;
    });
    return this.#ownAddress;
  }

  /** Asked of the engine once. */
  #ownId(): Promise<string> {
    this.#own ??= ownNode(this.engine).then(({ id }) => id);
    this.#own.catch(() => {
      this.#own = null;
    });
    return this.#own;
  }

  #nameOf(id: string): string {
    return serviceName(this.#options.project, id);
  }

  #changed(id: string): void {
    for (const listener of this.#listeners) listener(id);
  }

  async #start(instance: InstanceSpec): Promise<void> {
    const { id, service, revision, spec } = instance;
    const { project } = this.#options;
    this.#addresses.recall(spec);
    const image = await this.#images.find(spec, revision.digest);
    if (image === null) {
      const what = `The revision ${revision.label} of ${service} is not here, so ${id} cannot start.`;
      throw new Failure('not-found', what, { hint: `Prepare ${service} again.` });
    }
    const look = await this.#cluster.look();
    const homes = await homesOf(this.#cluster, look.nodes, spec, () => this.#placeOf(instance, look));
    const around: Surroundings = {
      project,
      image,
      secrets: await ensureSecrets(this.engine, project, spec.container?.files ?? []),
      homes,
      nodeId: homes.length > 0 ? null : this.#placeOf(instance, look),
      now: this.#clock.now(),
    };
    const name = this.#nameOf(id);
    const known = look.services.find((one) => one.Spec.Name === name);
    if (known === undefined) await this.#cluster.create(swarmSpec(instance, around));
    else await this.#startAgain(instance, around, look);
    this.#schedule(0);
  }

  /** What runs goes on, and what Swarm is about to start again by itself is left to it. */
  async #startAgain(instance: InstanceSpec, around: Surroundings, look: SwarmLook): Promise<void> {
    const standing = standings(look).find((one) => one.id === instance.id);
    await this.#cluster.update(this.#nameOf(instance.id), (service) => {
      const isSame = labelOf(service, 'digest') === instance.revision.digest;
      const isStopped = labelOf(service, 'stoppedAt') !== '';
      const isAlive = standing !== undefined && standing.state !== 'exited';
      if (isSame && !isStopped && (isAlive || standing?.isHealing)) return null;
      return swarmSpec(instance, around, service.Spec.TaskTemplate.ForceUpdate + 1);
    });
  }

  /** The node that it is to start on; null when Swarm shall choose. */
  #placeOf({ service, version, id, spec }: InstanceSpec, look: SwarmLook): string | null {
    const others = standings(look).filter((one) => one.id !== id);
    const neighbours = neighboursOf(others, service, version);
    return chooseNode(spec.container?.placement, look.nodes, neighbours)?.ID ?? null;
  }

  async #refresh(): Promise<readonly Standing[]> {
    const look = await this.#cluster.look();
    const all = standings(look);
    this.#readings.follow(all, look.services);
    this.#reach.follow(look.nodes.map(addressOf));
    this.#look = look;
    return all;
  }

  /** Looks again soon: sooner while something changes. */
  #schedule(ms: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#turn(), ms);
    this.#timer.unref();
  }

  async #turn(): Promise<void> {
    let isBusy = false;
    try {
      const all = await this.#refresh();
      isBusy = all.some(({ state }) => state === 'starting' || state === 'stopping');
      await this.#release(all);
      await this.#findCrowded(all);
      this.#usage.follow(all, this.#look.nodes, await this.#ownId());
      await finishDrains(this.engine, this.#cluster, this.#look.nodes);
    } catch {
      // A manager that does not answer is reported by the next list.
    }
    this.#schedule(isBusy ? LOOK_BUSY_MS : LOOK_MS);
  }

  /** Instances that would be better on a node that answers and can run them. */
  async #findCrowded(all: readonly Standing[]): Promise<void> {
    const found = crowdingsIn(this.#look, all).filter(({ target }) => !this.#reach.isSilent(addressOf(target)));
    const canRun = await Promise.all(found.map(({ target, image }) => this.#images.isOn(target, image)));
    this.#crowded = new Map(found.filter((_, index) => canRun[index]).map(({ id, crowded }) => [id, crowded]));
  }

  /** What has its node no longer needs to be held there: Swarm may move it when the node is lost. Nothing restarts by it. */
  async #release(all: readonly Standing[]): Promise<void> {
    for (const { id, state, pinnedSince } of all) {
      const isStuck = pinnedSince !== null && state === 'starting' && this.#clock.now() - pinnedSince > STUCK_MS;
      if (pinnedSince === null || (state !== 'running' && !isStuck)) continue;
      await this.#lock(id, () => this.#cluster.update(this.#nameOf(id), releasedSpec));
    }
  }
}
