// The simulated runtime: instances that start, serve, flap, leak and end as their code is said to behave.
import { Failure } from '../core/failure.ts';
import type { Revision } from '../core/service.ts';
import type { ServiceSpec } from '../core/spec/project.ts';
import type { Crowded } from '../core/spreading.ts';
import type { InstanceSeen, InstanceSpec, Runtime } from '../ports/runtime.ts';
import { type Behaviour, GOOD } from './behaviour.ts';
import { SimInstance } from './instance.ts';
import { type Random, randomOf } from './random.ts';
import type { SimTime } from './time.ts';
import type { Watcher } from './watch.ts';

export class SimRuntime implements Runtime {
  /** The newest life of every instance that was not forgotten, by id. */
  readonly instances = new Map<string, SimInstance>();
  /** How the code in each folder behaves; without a word it is good. */
  readonly behaviours = new Map<string, Behaviour>();
  /** At most so many seconds more than its code needs until an instance is ready. */
  slowestStartS = 0;
  /** Whether an instance would be better on another machine; null = there is one machine. */
  crowdedOf: ((spec: InstanceSpec) => Crowded | undefined) | null = null;
  readonly #time: SimTime;
  readonly #random: Random;
  readonly #watch: Required<Watcher>;
  /** Where instances listened that were told to stop. */
  readonly stoppedPorts = new Set<number>();
  readonly #prepared = new Set<string>();
  #nextPort = 20_000;

  constructor(time: SimTime, random: Random, watch: Required<Watcher>) {
    this.#time = time;
    this.#random = random;
    this.#watch = watch;
  }

  async identify(spec: ServiceSpec): Promise<Revision> {
    const code = JSON.stringify([spec.context, spec.command, spec.environment]);
    const digest = [0, 1, 2, 3].map((part) => randomOf(`${part}${code}`).hex()).join('');
    return { digest, label: spec.context?.split('/').at(-1) ?? 'program' };
  }

  async prepare(spec: ServiceSpec): Promise<Revision> {
    const revision = await this.identify(spec);
    this.#prepared.add(revision.digest);
    return revision;
  }

  async start(spec: InstanceSpec): Promise<void> {
    const known = this.instances.get(spec.id);
    if (known && !known.isOver) return;
    if (!this.#prepared.has(spec.revision.digest)) {
      throw new Failure('not-found', `The revision ${spec.revision.label} of ${spec.id} is not here.`);
    }
    this.#watch.starting(spec);
    const behaviour = this.behaviours.get(spec.revision.label) ?? GOOD;
    const slowS = this.slowestStartS === 0 ? 0 : this.#random.between(0, this.slowestStartS);
    this.#nextPort += 1;
    const port = spec.port ?? this.#nextPort;
    this.instances.set(spec.id, new SimInstance(spec, behaviour, port, slowS, this.#time));
    this.#time.note(`${spec.id} starts`);
  }

  async stop(id: string): Promise<void> {
    const instance = this.instances.get(id);
    if (!instance || instance.isOver || instance.stopAskedS !== null) return;
    this.#watch.stopping(id);
    instance.stopAskedS = this.#time.second;
    this.stoppedPorts.add(instance.port);
    this.#time.note(`${id} is told to stop with ${instance.open} open requests`);
  }

  async remove(id: string): Promise<void> {
    if (this.instances.get(id)?.isOver) this.instances.delete(id);
  }

  async list(): Promise<readonly InstanceSeen[]> {
    const ids = [...this.instances.keys()].sort();
    const seen = ids.flatMap((id) => this.#see(id) ?? []);
    this.#watch.listed(seen);
    return seen;
  }

  #see(id: string): InstanceSeen | undefined {
    const instance = this.instances.get(id);
    if (instance === undefined) return undefined;
    const crowded = this.crowdedOf?.(instance.spec);
    return { ...instance.see(), ...(crowded === undefined ? {} : { crowded }) };
  }

  async prune(): Promise<void> {}

  async tail(id: string, lines: number): Promise<readonly string[]> {
    return this.instances.has(id) ? [`${id} says something`].slice(0, lines) : [];
  }

  /** The running life that answers at this address, if any. */
  at(id: string, port: number): SimInstance | null {
    const instance = this.instances.get(id);
    return instance && !instance.isOver && instance.port === port ? instance : null;
  }

  age(): void {
    for (const instance of this.instances.values()) instance.age();
  }
}
