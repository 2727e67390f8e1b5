// The process runtime: instances are plain processes of this machine that outlive the control plane.
import { mkdirSync } from 'node:fs';
import { Failure } from '../../../core/failure.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { InstanceSeen, InstanceSpec, Runtime } from '../../../ports/runtime.ts';
import { systemClock } from '../../clock/system.ts';
import { Instance, type Surroundings } from './instance.ts';
import { planLaunch } from './launch/plan.ts';
import { isFree, type PortRange, portsIn } from './launch/ports.ts';
import { readRecords } from './launch/record.ts';
import { type Layout, layoutIn, safeName } from './layout.ts';
import { keyedLocks } from './locks.ts';
import { archiveOutput } from './output/archive.ts';
import { type OutputKeeper, outputKeeper } from './output/keeper.ts';
import { tailOf } from './output/read.ts';
import { identify, prepare } from './snapshot/prepare.ts';
import { shelfOf } from './snapshot/shelf.ts';
import { procAt } from './watch/proc.ts';
import { usageMeter } from './watch/usage.ts';

export type ProcessRuntimeOptions = {
  /** Absolute folder for snapshots, records and output. Made when it is not there. */
  readonly dir: string;
  /** Default 20000 to 32767. */
  readonly ports?: PortRange;
  /** Default 10 minutes. */
  readonly installTimeoutMs?: number;
  /** Size at which an instance's output is rotated, and what is kept of removed instances per service. Default 10 MB and 50 MB. */
  readonly output?: { readonly fullBytes: number; readonly removedBytes: number };
  /** Default 200,000 files and 2 GB. */
  readonly limits?: { readonly files: number; readonly bytes: number };
  readonly clock?: Clock;
  /** Where the kernel tells about processes. Default `/proc`. */
  readonly proc?: string;
};

export type ProcessRuntime = Runtime & {
  /** Ends asking and looking after instances, which go on; a later runtime on the same folder adopts them. */
  close(): void;
  /** Calls `listener` when an instance becomes ready or unready, or has exited. Gives the way to end it. */
  onChange(listener: (id: string) => void): () => void;
};

const LOOK_MS = 500;
const LOOK_STOPPING_MS = 50;
const SAMPLE_MS = 1000;
/** A first answer that takes longer is reported by a later list. */
const SETTLE_MS = 5000;

/** Failure: `unavailable` (not Linux). */
export function processRuntime(options: ProcessRuntimeOptions): ProcessRuntime {
  return new Processes(options);
}

class Processes implements ProcessRuntime {
  readonly #layout: Layout;
  readonly #clock: Clock;
  readonly #around: Surroundings;
  readonly #options: ProcessRuntimeOptions;
  readonly #instances = new Map<string, Instance>();
  readonly #listeners = new Set<(id: string) => void>();
  readonly #lock = keyedLocks();
  readonly #ports;
  readonly #meter = usageMeter();
  readonly #keepers = new Map<string, OutputKeeper>();
  readonly #output: { readonly fullBytes: number; readonly removedBytes: number };
  /** Everything of an earlier life is adopted. */
  readonly #loaded: Promise<void>;
  /** What was adopted has answered whether it is ready. */
  readonly #settled: Promise<void>;
  #sampledAt = Number.NEGATIVE_INFINITY;
  #keptAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isTurning = false;
  #isClosed = false;

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
    this.#output = options.output ?? { fullBytes: 10_000_000, removedBytes: 50_000_000 };
    this.#clock = options.clock ?? systemClock();
    const proc = procAt(options.proc ?? '/proc');
    this.#layout = layoutIn(options.dir);
    const onChange = (id: string) => {
      for (const listener of this.#listeners) listener(id);
    };
    this.#around = { layout: this.#layout, proc, clock: this.#clock, onChange };
    const draw = Number.parseInt(this.#clock.token().slice(0, 8), 16) / 0x1_0000_0000;
    this.#ports = portsIn(options.ports ?? { first: 20_000, last: 32_767 }, draw);
    this.#loaded = this.#load();
    this.#settled = this.#loaded.then(() => this.#settle());
    this.#settled.catch(() => undefined);
  }

  identify: Runtime['identify'] = (spec) => identify(this.#workshop(), spec);

  prepare: Runtime['prepare'] = (spec) => this.#lock(`prepare ${spec.name}`, () => prepare(this.#workshop(), spec));

  start: Runtime['start'] = (instance) => {
    return this.#lock(`instance ${safeName(instance.id)}`, async () => {
      await this.#loaded;
      const known = this.#instances.get(instance.id);
      await known?.look();
      if (known !== undefined && !known.isOver) return;
      await this.#lock(`revisions ${instance.service}`, () => this.#launch(instance));
    });
  };

  stop: Runtime['stop'] = (id) => {
    return this.#lock(`instance ${id}`, async () => {
      await this.#loaded;
      await this.#instances.get(id)?.stop();
      this.#schedule();
    });
  };

  remove: Runtime['remove'] = (id) => {
    return this.#lock(`instance ${id}`, async () => {
      await this.#loaded;
      const known = this.#instances.get(id);
      await known?.look();
      if (known?.isOver !== true) return;
      await this.#keep(known);
      this.#instances.delete(id);
      this.#keepers.delete(id);
      archiveOutput(this.#layout, id, this.#clock.now(), this.#output.removedBytes);
    });
  };

  async list(): Promise<readonly InstanceSeen[]> {
    await this.#settled;
    const all = [...this.#instances.values()].sort((a, b) => (a.record.id < b.record.id ? -1 : 1));
    await Promise.all(all.map((instance) => instance.look()));
    await this.#sample(all);
    return all.map((instance) => instance.seen(this.#meter.of(instance.record.id)));
  }

  prune: Runtime['prune'] = (service, keep) => {
    return this.#lock(`revisions ${service}`, async () => {
      await this.#loaded;
      const shelf = shelfOf(this.#layout, service);
      const used = [...this.#instances.values()].map(({ record }) => record.digest);
      const kept = new Set([...keep, ...used]);
      for (const { digest } of await shelf.all()) if (!kept.has(digest)) await shelf.remove(digest);
    });
  };

  async tail(id: string, lines: number): Promise<readonly string[]> {
    await this.#loaded;
    return this.#instances.has(id) ? tailOf(this.#layout.instance(id), lines) : [];
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#listeners.clear();
    for (const instance of this.#instances.values()) instance.close();
  }

  onChange(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #workshop() {
    const { limits = { files: 200_000, bytes: 2_000_000_000 }, installTimeoutMs = 600_000 } = this.#options;
    return { layout: this.#layout, clock: this.#clock, limits, installTimeoutMs };
  }

  async #load(): Promise<void> {
    const { records, damaged } = readRecords(this.#layout);
    for (const name of damaged) archiveOutput(this.#layout, name, this.#clock.now(), this.#output.removedBytes);
    for (const record of records) this.#instances.set(record.id, new Instance(this.#around, record));
    await Promise.all([...this.#instances.values()].map((instance) => instance.adopt()));
    this.#schedule();
  }

  /** Waits for the first answers, so that what was ready is never reported as starting. */
  async #settle(): Promise<void> {
    const late = AbortSignal.timeout(SETTLE_MS);
    await Promise.race([
      Promise.all([...this.#instances.values()].map((instance) => instance.settled())),
      new Promise((resolve) => late.addEventListener('abort', resolve)),
    ]);
  }

  async #launch(wanted: InstanceSpec): Promise<void> {
    const { id, service, revision, spec } = wanted;
    const shelf = shelfOf(this.#layout, service);
    if ((await shelf.find(revision.digest)) === null) {
      const hint = `Prepare ${service} again.`;
      throw new Failure(
        'not-found',
        `The revision ${revision.label} of ${service} is not here, so ${id} cannot start.`,
        { hint },
      );
    }
    const folder = spec.context === null ? this.#layout.data(service) : shelf.folderOf(revision.digest);
    if (spec.context === null) mkdirSync(folder, { recursive: true, mode: 0o700 });
    const port = await this.#portFor(wanted);
    try {
      const place = { folder, port, token: this.#clock.token(), now: this.#clock.now() };
      const instance = new Instance(this.#around, planLaunch(wanted, place));
      // Known only once it is noted on disk, so that what was not started is not seen.
      instance.note();
      this.#instances.get(id)?.close();
      this.#instances.set(id, instance);
      await instance.launch();
    } finally {
      this.#ports.release(port);
    }
  }

  async #portFor({ id, service, port }: InstanceSpec): Promise<number> {
    const known = new Map([...this.#instances.values()].map((one) => [one.record.port, one]));
    if (port === null) return this.#ports.take((candidate) => known.has(candidate));
    const holder = known.get(port);
    if (holder !== undefined && !holder.isOver) {
      throw new Failure('unavailable', `Port ${port} of ${id} is taken by ${holder.record.id}.`);
    }
    if (await isFree(port)) return port;
    throw new Failure('unavailable', `Port ${port} of ${id} is taken by a program that fridaymorning did not start.`, {
      hint: `End it (ss -ltnp "sport = :${port}" names it), or give ${service} another port.`,
    });
  }

  async #sample(all: readonly Instance[]): Promise<void> {
    const now = this.#clock.monotonic();
    if (now - this.#sampledAt < SAMPLE_MS) return;
    this.#sampledAt = now;
    const leaders = new Map(all.flatMap((one) => (one.pid === null ? [] : [[one.record.id, one.pid] as const])));
    if (leaders.size === 0) return;
    const processes = await this.#around.proc.scan();
    this.#meter.sample(this.#clock.monotonic(), processes, leaders);
  }

  /** Looks again soon: sooner while something stops. */
  #schedule(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    const isStopping = [...this.#instances.values()].some((instance) => instance.isStopping);
    this.#timer = setTimeout(() => this.#turn(), isStopping ? LOOK_STOPPING_MS : LOOK_MS);
    this.#timer.unref();
  }

  async #turn(): Promise<void> {
    if (!this.#isTurning) {
      this.#isTurning = true;
      const all = [...this.#instances.values()];
      // One that fails is looked at again next time, and must not keep the others from it.
      await Promise.allSettled(all.map((instance) => instance.look()));
      if (this.#clock.monotonic() - this.#keptAt >= LOOK_MS) {
        this.#keptAt = this.#clock.monotonic();
        await Promise.allSettled(all.map((instance) => this.#keep(instance)));
      }
      this.#isTurning = false;
    }
    this.#schedule();
  }

  /** Looks after the output of an instance, never twice at once. */
  #keep({ record: { id } }: Instance): Promise<void> {
    return this.#lock(`output ${id}`, async () => {
      if (!this.#instances.has(id) || this.#isClosed) return;
      const keeper = this.#keepers.get(id) ?? outputKeeper(this.#layout.instance(id), this.#output.fullBytes);
      this.#keepers.set(id, keeper);
      await keeper.turn();
    });
  }
}
