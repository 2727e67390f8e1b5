// The simulated balancer: routes by the table it really has, counts exactly, and loses what a dead process loses.
import { isEqual } from '../core/equal.ts';
import { Failure } from '../core/failure.ts';
import type { BalancerSeen, Cell, Cursor, Observations, ServiceTraffic, Table } from '../core/traffic.ts';
import type { Balancer } from '../ports/balancer.ts';
import { ReleaseClients } from './clients.ts';
import type { SimInstance } from './instance.ts';
import { OpenCell } from './tally.ts';
import type { SimTime } from './time.ts';
import type { Loss, Watcher } from './watch.ts';

export const EMPTY_TABLE: Table = { revision: 0, listen: [], services: [] };

/** Long requests, answered by one life of an instance. */
export type Stream = {
  readonly service: string;
  readonly instance: SimInstance;
  readonly count: number;
  readonly untilS: number;
};

/** Requests that wait for an instance. */
export type Held = { readonly count: number; readonly untilS: number };

const PAGE = 10_000;

export class SimBalancer implements Balancer {
  isUp = false;
  table: Table = EMPTY_TABLE;
  streams: Stream[] = [];
  readonly held = new Map<string, Held[]>();
  /** Cells kept for readers. */
  keptCells = 7200;
  /** Names this life. */
  boot = '';
  readonly #time: SimTime;
  readonly #watch: Required<Watcher>;
  #lives = 0;
  #tickShift = 0;
  #byService = new Map<string, ServiceTraffic>();
  #open = new Map<string, OpenCell[]>();
  /** By service. */
  readonly #clients = new Map<string, ReleaseClients>();
  #kept: Cell[] = [];
  #lastSeq = 0;

  constructor(time: SimTime, watch: Required<Watcher>) {
    this.#time = time;
    this.#watch = watch;
  }

  async apply(table: Table): Promise<void> {
    if (!this.isUp) this.rise(EMPTY_TABLE);
    if (table.revision < this.table.revision) {
      throw new Failure('conflict', `The balancer has revision ${this.table.revision}, not ${table.revision}.`);
    }
    this.#watch.applying(table, this.table);
    this.#route(table);
  }

  async look(): Promise<BalancerSeen> {
    this.#checkUp();
    const open: Record<string, number> = {};
    for (const { instance, count } of this.streams) open[instance.spec.id] = (open[instance.spec.id] ?? 0) + count;
    return {
      revision: this.table.revision,
      services: this.table.services.map(({ service, epoch, weight }) => ({ service, epoch, weight })),
      open,
      listening: this.table.listen,
    };
  }

  async observe(after: Cursor | null): Promise<Observations> {
    this.#checkUp();
    const seq = after !== null && after.boot === this.boot && after.seq <= this.#lastSeq ? after.seq : 0;
    const start = Math.max(seq, this.#lastSeq - this.#kept.length);
    const from = this.#kept.length - (this.#lastSeq - start);
    const cells = this.#kept.slice(from, from + PAGE);
    const observations: Observations = {
      cursor: { boot: this.boot, seq: start + cells.length },
      lost: start - seq,
      closedUpTo: this.#closedUpTo(),
      cells,
    };
    this.#watch.observed(observations, after);
    return observations;
  }

  async stop(): Promise<void> {
    this.fall();
  }

  /** The process ends; what it knew and carried is gone. */
  fall(): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.#time.note('the balancer falls');
    for (const stream of this.streams) {
      stream.instance.open -= stream.count;
      this.#lose(stream.service, stream.count, 'balancer');
    }
    for (const [service, held] of this.held) {
      for (const { count } of held) this.#lose(service, count, 'balancer');
    }
    this.streams = [];
    this.held.clear();
    this.#open.clear();
    this.#clients.clear();
    this.#kept = [];
    this.#lastSeq = 0;
  }

  /** A new life, with an empty table or with one from a file. */
  rise(table: Table): void {
    this.isUp = true;
    this.#lives += 1;
    this.boot = `boot-${this.#lives}`;
    this.#tickShift = Math.floor(this.#time.wallMs / 1000) - this.#time.second;
    this.#time.note(`the balancer rises with revision ${table.revision}`);
    this.#route(table);
  }

  trafficOf(service: string): ServiceTraffic | undefined {
    return this.#byService.get(service);
  }

  /** The cell of this second under the present epoch. */
  cellOf(traffic: ServiceTraffic): OpenCell {
    const tick = this.#time.second + this.#tickShift;
    const open = this.#open.get(traffic.service) ?? [];
    const newest = open.at(-1);
    if (newest?.tick === tick && isSameRegime(newest.traffic, traffic)) return newest;
    const cell = new OpenCell(traffic, tick, this.#time.second, this.#clientsOf(traffic));
    open.push(cell);
    this.#open.set(traffic.service, open);
    return cell;
  }

  addStream(stream: Stream): void {
    stream.instance.open += stream.count;
    this.streams.push(stream);
  }

  /** Ends streams that are over or whose instance is. */
  age(): void {
    if (this.streams.length === 0) return;
    this.streams = this.streams.filter((stream) => {
      const { instance, count, service } = stream;
      if (!instance.isOver && stream.untilS > this.#time.second) return true;
      instance.open -= count;
      if (instance.isOver) this.#lose(service, count, instance.wasStopped ? 'stopped' : 'ended', instance.spec.id);
      return false;
    });
  }

  /** Gives out the cells that are over at the end of this second, oldest first. */
  closeCells(): void {
    for (const open of this.#open.values()) {
      while (open[0] && open[0].closesS <= this.#time.second) {
        const cell = open[0].close(this.#lastSeq + 1);
        open.shift();
        this.#lastSeq += 1;
        this.#kept.push(cell);
        this.#watch.counted(cell);
      }
    }
    if (this.#kept.length > this.keptCells) this.#kept = this.#kept.slice(-this.keptCells);
  }

  /** Clients are told apart while a sticky service is under release. */
  #clientsOf({ service, salt, isSticky, candidate, weight }: ServiceTraffic): ReleaseClients | null {
    if (!isSticky || candidate === null || weight === 0) return null;
    const known = this.#clients.get(service);
    if (known?.salt === salt) return known;
    const fresh = new ReleaseClients(salt);
    this.#clients.set(service, fresh);
    return fresh;
  }

  #closedUpTo(): number {
    let closed = this.#time.second + this.#tickShift - 1;
    for (const open of this.#open.values()) if (open[0]) closed = Math.min(closed, open[0].tick - 1);
    return closed;
  }

  #route(table: Table): void {
    const before = this.table;
    this.table = table;
    this.#byService = new Map(table.services.map((one) => [one.service, one]));
    this.#watch.routing(table, before);
  }

  #lose(service: string, requests: number, cause: Loss['cause'], instance: string | null = null): void {
    this.#watch.lost({ service, requests, cause, instance });
  }

  #checkUp(): void {
    if (!this.isUp) throw new Failure('unavailable', 'The simulated balancer does not run.');
  }
}

function isSameRegime(one: ServiceTraffic, other: ServiceTraffic): boolean {
  return (
    one === other ||
    (one.epoch === other.epoch &&
      one.weight === other.weight &&
      one.salt === other.salt &&
      isEqual(one.slow, other.slow) &&
      one.stable?.version === other.stable?.version &&
      one.candidate?.version === other.candidate?.version)
  );
}
