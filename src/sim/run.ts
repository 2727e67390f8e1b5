// A run: a control plane in a simulated world, second by second, killed and started again, watched by the invariants.
import { createControl } from '../control/control.ts';
import type { ControlPlane } from '../control/options.ts';
import { Failure } from '../core/failure.ts';
import type { Event } from '../core/journal.ts';
import type { Project, ServiceSpec } from '../core/spec/project.ts';
import type { decide } from '../core/turn.ts';
import type { Store } from '../ports/store.ts';
import { type Behaviour, GOOD } from './behaviour.ts';
import { simClock } from './clock.ts';
import { breakable, type Call, Crash, type Fate, type Life } from './crash.ts';
import { INVARIANTS } from './invariants.ts';
import type { Random } from './random.ts';
import { type Invariant, Ledger, type Scene, Stored, type Verb, type Violation } from './scene.ts';
import { crash, simStore } from './store.ts';
import { World } from './world.ts';

export type SimOptions = {
  readonly seed: string;
  readonly services: readonly ServiceSpec[];
  /** What becomes of each call of a port; all is well without it. */
  readonly fateOf?: (call: Call) => Fate;
  /** Seconds from a kill of the control plane to its next start; 0 = at once. */
  readonly restartAfterS?: () => number;
  /** Planted mistakes. */
  readonly decide?: typeof decide;
  readonly mistakenStore?: (store: Store) => Store;
  /** Opens a store for the next life of the control plane instead of the simulated one. */
  readonly openStore?: () => Store;
};

export type Person = { readonly by: string; readonly reason: string };
export const ANNA: Person = { by: 'anna', reason: '' };

/** More turns in one second than any change of the table needs. */
const MAX_TURNS = 10;

export class SimRun {
  readonly world: World;
  readonly scene: Scene;
  readonly violations: Violation[] = [];
  /** How often the control plane was killed. */
  kills = 0;
  /** Calls of all ports so far. */
  calls = 0;
  /** Null while it is dead. */
  control: ControlPlane | null = null;
  /** The file as people have it now. */
  services: readonly ServiceSpec[];
  fateOf: (call: Call) => Fate;
  readonly #options: SimOptions;
  readonly #clockRandom: Random;
  #diesUntilS = 0;
  #hasApplied = false;
  #codes = 0;
  #nextPort = 41_000;

  constructor(options: SimOptions) {
    this.#options = options;
    this.services = options.services;
    this.fateOf = options.fateOf ?? (() => 'well');
    this.world = new World(options.seed);
    this.#clockRandom = this.world.random.fork('clock');
    const stored = new Stored();
    this.scene = {
      world: this.world,
      stored,
      ledger: new Ledger(),
      calmSince: 0,
      listed: [],
      overdue: new Set(),
      violate: (invariant, sentence) => this.#violate(invariant, sentence),
    };
    this.world.watch.add({
      listed: (instances) => {
        this.scene.listed = instances;
      },
    });
    for (const { watch } of Object.values(INVARIANTS)) this.world.watch.add(watch(this.scene));
    this.world.watch.add(stored);
    for (const { name, port } of options.services) if (port !== null) this.#addCrowd(name);
  }

  get isBroken(): boolean {
    return this.violations.length > 0;
  }

  get project(): Project {
    const listen = [{ host: '127.0.0.1', port: 8080 }];
    const { services } = this;
    return {
      name: 'sim',
      file: '/sim/compose.yaml',
      runtime: 'process',
      balancer: 'embedded',
      listen,
      services: [...services],
    };
  }

  /** Lets seconds go by; stops early once an invariant is broken. */
  async pass(seconds: number, each?: () => Promise<void>): Promise<void> {
    for (let i = 0; i < seconds && !this.isBroken; i += 1) {
      this.world.begin();
      await each?.();
      await this.#turns();
      this.world.end();
    }
  }

  /** Seconds until `isSo`; -1 when it was not within the limit. */
  async passUntil(isSo: () => boolean, limitS: number): Promise<number> {
    for (let second = 0; second <= limitS; second += 1) {
      if (isSo()) return second;
      await this.pass(1);
    }
    return -1;
  }

  /** What a person orders. Null: it was refused, or the control plane is dead or died of it. */
  async order<T>(verb: Verb, service: string, work: (control: ControlPlane) => Promise<T>): Promise<T | null> {
    if (!this.control) await this.#revive();
    if (!this.control) return null;
    this.scene.ledger.write(verb, service, this.world.time.second);
    this.world.time.note(`someone orders ${verb} ${service}`);
    try {
      return await work(this.control);
    } catch (error) {
      if (error instanceof Crash) this.#die(error);
      else if (!(error instanceof Failure)) throw error;
      else this.world.time.note(`refused: ${error.message}`);
      return null;
    }
  }

  /** `friday up` of the file as it is. */
  async up(names: readonly string[] = []): Promise<void> {
    const all = names.length > 0 ? names : this.services.map((one) => one.name);
    for (const name of all) this.scene.ledger.write('up', name, this.world.time.second);
    const order = {
      ...ANNA,
      project: this.project,
      services: names,
      isDryRun: false,
      removesOrphans: false,
      isForced: false,
    };
    await this.order('up', all[0] ?? '', (control) => control.up(order));
  }

  /** New code in the folder of a service. */
  write(service: string, behaviour: Partial<Behaviour>, configuration: Partial<ServiceSpec> = {}): void {
    this.#codes += 1;
    const label = `${service}-code${this.#codes}`;
    this.world.runtime.behaviours.set(label, { ...GOOD, ...behaviour });
    this.configure(service, { ...configuration, context: `/code/${label}` });
  }

  /** Other settings in the file. */
  configure(service: string, configuration: Partial<ServiceSpec>): void {
    this.services = this.services.map((spec) => (spec.name === service ? { ...spec, ...configuration } : spec));
  }

  kill(restartAfterS = 0): void {
    this.#die(new Error('The control plane was killed.'), restartAfterS);
  }

  events(): readonly Event[] {
    return this.world.disk.journal.map((text, i) => ({ ...JSON.parse(text), seq: i + 1 }));
  }

  /** Until this second nobody may expect that all goes well. */
  disturb(untilS: number): void {
    this.scene.calmSince = Math.max(this.scene.calmSince, untilS);
  }

  /** Everything that a reader needs to understand a violation. */
  report(): string {
    const { seed, time } = this.world;
    const found = this.violations.map((one) => `  ${one.invariant} in second ${one.second}: ${one.sentence}`);
    const journal = this.events()
      .slice(-30)
      .map((one) => `  ${one.seq} ${one.type}: ${one.sentence}`);
    const notes = time.notes(60).map((one) => `  ${one}`);
    return [`seed ${seed}`, ...found, 'journal', ...journal, 'world', ...notes].join('\n');
  }

  #violate(invariant: Invariant, sentence: string): void {
    this.violations.push({ invariant, sentence, second: this.world.time.second });
  }

  #addCrowd(service: string): void {
    const crowd = { service, rate: 50, errorShare: 0, clientErrorShare: 0.01, longRate: 0.1, longS: 30, clients: 500 };
    this.world.users.crowds.set(service, crowd);
  }

  /** The turns that a second has: one, and one more after each change of the table. */
  async #turns(): Promise<void> {
    for (let i = 0; i < MAX_TURNS; i += 1) {
      if (!this.control && this.world.time.second >= this.#diesUntilS) await this.#revive();
      if (!this.control) return;
      this.#hasApplied = false;
      const life = this.control;
      try {
        await life.turn();
      } catch (error) {
        if (!(error instanceof Crash) && !(error instanceof Failure)) throw error;
        if (error instanceof Failure) return this.world.time.note(`a turn fails: ${error.message}`);
        this.#die(error);
        this.#hasApplied = true;
      }
      if (!this.#hasApplied) return;
      this.world.time.ms += 20;
    }
  }

  #die(error: Error, restartAfterS = this.#options.restartAfterS?.() ?? 0): void {
    this.world.time.note(error.message);
    this.kills += 1;
    this.control = null;
    crash(this.world.disk);
    this.#diesUntilS = this.world.time.second + restartAfterS;
    this.disturb(this.#diesUntilS);
  }

  async #revive(): Promise<void> {
    if (this.world.time.second < this.#diesUntilS) return;
    try {
      this.control = await createControl(this.#optionsOfControl());
    } catch (error) {
      if (!(error instanceof Crash) && !(error instanceof Failure)) throw error;
      this.#die(error);
    }
  }

  #optionsOfControl(): Parameters<typeof createControl>[0] {
    const { world } = this;
    const life: Life = {
      isDead: false,
      count: () => {
        this.calls += 1;
        return this.calls;
      },
      fateOf: (call) => {
        const fate = this.fateOf(call);
        if (fate !== 'well') {
          world.time.note(`call ${call.number}, ${call.port}.${call.method}: ${fate}`);
          this.disturb(world.time.second + (typeof fate === 'number' ? fate : 0));
        }
        return fate;
      },
      pass: (seconds) => world.pass(seconds),
      answered: ({ method }) => {
        if (method === 'apply') this.#hasApplied = true;
      },
    };
    const store = breakable(this.#watchedStore(), 'store', life);
    return {
      clock: simClock(world.time, this.#clockRandom, async (ms) => world.pass(Math.round(ms / 1000))),
      store: this.#options.mistakenStore?.(store) ?? store,
      runtime: breakable(world.runtime, 'runtime', life),
      balancer: breakable(world.balancer, 'balancer', life),
      project: { name: 'sim', file: '/sim/compose.yaml', host: 'sim', version: '0', pid: 1 },
      freePort: async () => {
        this.#nextPort += 1;
        return this.#nextPort;
      },
      ...(this.#options.decide ? { decide: this.#options.decide } : {}),
      log: () => {},
    };
  }

  #watchedStore(): Store {
    const store = this.#options.openStore?.() ?? simStore(this.world.disk);
    return {
      ...store,
      commit: async (change) => {
        const events = await store.commit(change);
        this.world.watch.committed(change);
        return events;
      },
    };
  }
}
