// The control plane: one loop that looks, decides, remembers and acts, and orders that change what it remembers.

import type { CertificateView } from '../api/certificate-views.ts';
import type { DifferencesView } from '../api/difference-views.ts';
import type { CourseView, PointView } from '../api/live-views.ts';
import type { RecentTrafficView } from '../api/plan-views.ts';
import type { ChangeView, DownView, ReleaseView, ServiceView, StatusView, UpView, VersionView } from '../api/views.ts';
import type { CertificatesSeen } from '../core/certificates.ts';
import { type DrainAct, orderDrain } from '../core/drained.ts';
import { Failure, sentenceOf } from '../core/failure.ts';
import { catchUp } from '../core/gap.ts';
import { addToHour, EMPTY_HOUR, type Hour } from '../core/hour.ts';
import { orderRestart } from '../core/instance-orders.ts';
import type { Event, NewEvent } from '../core/journal.ts';
import {
  type Given,
  type Outcome,
  orderComparison,
  orderDown,
  orderPause,
  orderPromote,
  orderRollBack,
  serviceOf,
} from '../core/orders.ts';
import { previewOf } from '../core/service.ts';
import type { TickBatch } from '../core/ticks/tick.ts';
import { addressOf } from '../core/traffic.ts';
import { decide, type Memory } from '../core/turn.ts';
import { EMPTY_WINDOW, type Window } from '../core/window.ts';
import type { InstanceSeen } from '../ports/runtime.ts';
import type { EventQuery } from '../ports/store.ts';
import { perform } from './act.ts';
import type { Control, Order, ReleaseOrder, UpOrder } from './api.ts';
import { certificateViews, problemsOf, processOf, publicUrls, type Shown } from './certificates.ts';
import { type CourseQuery, Courses } from './courses.ts';
import { differencesView } from './differences.ts';
import { FailureLines, unexplainedIn } from './failure-lines.ts';
import { courseView, pointViews } from './live-views.ts';
import { look, type Moment } from './look.ts';
import { documentsOf, KEPT_RECORDS, loadMemory, type ReleaseRecord, recordsOf } from './memory.ts';
import { activateNode, drainNode, type NodeTeller, nodeViews } from './nodes.ts';
import { Numbers } from './numbers.ts';
import type { ControlOptions, ControlPlane } from './options.ts';
import { prepareRelease, prepareUp } from './prepare.ts';
import { movePorts } from './taken-ports.ts';
import { ticksOf } from './ticks.ts';
import { recentTrafficView, releaseView, type ShownState, serviceView, statusView, versionViews } from './views.ts';

/** After each full second: the balancer closes its cells in the first 20 ms. */
const OFFSET_MS = 60;

/** Loads what was remembered; nothing happens before the first turn. */
export async function createControl(options: ControlOptions): Promise<ControlPlane> {
  const { memory, records } = await loadMemory(options.store);
  return new Plane(options, memory, records);
}

class Plane implements ControlPlane {
  readonly #options: ControlOptions;
  readonly #records: Map<number, ReleaseRecord>;
  readonly #listeners = new Set<(events: readonly Event[]) => void>();
  readonly #turnListeners = new Set<() => void>();
  readonly #courses: Courses;
  readonly metrics = new Numbers();
  readonly #startedAt: number;
  readonly #failureLines: FailureLines;
  #memory: Memory;
  #window: Window = EMPTY_WINDOW;
  #hour: Hour = EMPTY_HOUR;
  #instances: readonly InstanceSeen[] = [];
  #listening: Shown = { listening: [] };
  #certificates: CertificatesSeen | null = null;
  #problems: readonly string[] = [];
  #troubles: Readonly<Record<string, string>> = {};
  #lastTurnAt: number | null = null;
  /** What memory is as of, on the clock that never jumps. */
  #rememberedAt: number | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #wake: () => void = () => undefined;
  #isSettling = false;

  constructor(options: ControlOptions, memory: Memory, records: Map<number, ReleaseRecord>) {
    this.#options = options;
    this.#memory = memory;
    this.#records = records;
    this.#startedAt = options.clock.now();
    this.#failureLines = new FailureLines(options.logs ?? null);
    this.#courses = new Courses(options.store, options.clock);
  }

  /** One thing at a time: turns and orders never interleave. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work, work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  turn(): Promise<void> {
    return this.#alone(() => this.#turn());
  }

  async #turn(): Promise<void> {
    const { clock, runtime, balancer, certificates } = this.#options;
    const moment = this.#moment();
    const lines = this.#failureLines.known();
    const looked = await look(
      runtime,
      balancer,
      this.#memory,
      this.#window,
      moment,
      this.#troubles,
      lines,
      certificates,
    );
    const { memory, events, ticks, acts } = (this.#options.decide ?? decide)(this.#memory, looked.world);
    await this.#remember(memory, events, moment, ticks);
    this.#failureLines.ask(unexplainedIn(recordsOf(memory)));
    this.#window = looked.window;
    this.#hour = addToHour(this.#hour, looked.world.observations);
    this.metrics.addTraffic(looked.world.observations);
    this.metrics.addInstances(looked.instances, looked.world.balancer?.open ?? {}, moment.now / 1000);
    this.#instances = looked.instances;
    this.#listening = looked.world.balancer ?? { listening: [] };
    this.#certificates = looked.world.certificates ?? null;
    const acted = await perform(acts, memory, runtime, balancer);
    this.#troubles = acted.troubles;
    // Where the balancer could not be asked but then took a table, it was only about to start.
    const unseen = acted.hasApplied ? [] : looked.problems;
    this.#problems = [...unseen, ...Object.values(acted.troubles)];
    const moved = await movePorts(this.#options, memory, acted.refused, looked.instances, moment.now);
    if (moved) await this.#remember(moved.memory, moved.events, moment);
    this.#isSettling = acted.hasApplied || moved !== null;
    this.#lastTurnAt = clock.now();
    for (const listener of this.#turnListeners) listener();
  }

  #moment(): Moment {
    const { clock } = this.#options;
    const at = clock.monotonic();
    return { now: clock.now(), at, elapsedMs: this.#rememberedAt === null ? 0 : at - this.#rememberedAt };
  }

  /** Stores first; memory changes only when that succeeded. */
  async #remember(
    memory: Memory,
    events: readonly NewEvent[],
    moment: Moment,
    ticks: readonly TickBatch[] = [],
  ): Promise<void> {
    const documents = documentsOf(this.#memory, memory);
    const stored =
      documents.length + events.length > 0 ? await this.#options.store.commit({ put: documents, events, ticks }) : [];
    this.#memory = memory;
    this.#rememberedAt = moment.at;
    for (const record of recordsOf(memory)) {
      // Evidence leaves memory with the end of the next release; what was kept with it then stays as it is.
      if (record.evidence || !this.#records.has(record.release.id)) this.#records.set(record.release.id, record);
    }
    while (this.#records.size > KEPT_RECORDS) this.#records.delete(Math.min(...this.#records.keys()));
    if (stored.length > 0) for (const listener of this.#listeners) listener(stored);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      try {
        await this.turn();
      } catch (error) {
        this.#isSettling = false;
        this.#problems = [sentenceOf(error)];
        const stack = error instanceof Failure ? undefined : (error as Error).stack;
        this.#options.log({ level: 'error', message: 'a turn failed', error: sentenceOf(error), stack });
      }
      const rest = this.#isSettling ? 20 : 1000 - ((this.#options.clock.now() - OFFSET_MS) % 1000);
      const stop = new AbortController();
      await Promise.race([this.#options.clock.sleep(rest, AbortSignal.any([signal, stop.signal])), woken]);
      stop.abort();
    }
  }

  wake(): void {
    this.#wake();
  }

  lastTurnAt(): number | null {
    return this.#lastTurnAt;
  }

  isEmpty(): boolean {
    return Object.values(this.#memory.services).every((service) => service.isDown) && this.#instances.length === 0;
  }

  #given({ by, reason, mayApprove }: Order, now: number): Given {
    return { now, by, reason, salt: this.#options.clock.token(), mayApprove };
  }

  /** Remembers an order and wakes the loop. The listener sees its events before the caller has its answer. */
  #obey<T extends Outcome>(order: Order, decideOrder: (memory: Memory, given: Given) => T): Promise<T> {
    return this.#alone(async () => {
      const moment = this.#moment();
      const memory = catchUp(this.#memory, moment.now, moment.elapsedMs);
      const outcome = decideOrder(memory, this.#given(order, moment.now));
      await this.#remember(outcome.memory, outcome.events, moment);
      for (const listener of this.#turnListeners) listener();
      this.#wake();
      return outcome;
    });
  }

  async up(order: UpOrder): Promise<UpView> {
    const { table } = this.#memory;
    const isNew = this.#lastTurnAt === null;
    const { listening, listeningTls = [] } = this.#listening;
    const own = isNew ? [...table.listen, ...(table.tls?.listen ?? [])] : [...listening, ...listeningTls];
    const prepare = await prepareUp(this.#options, this.#memory, own, order);
    const { changes, listen } = order.isDryRun
      ? prepare(this.#memory, this.#given(order, this.#options.clock.now()))
      : await this.#obey(order, prepare);
    return {
      isDryRun: order.isDryRun,
      changes: [...changes] as ChangeView[],
      listen: listen && { from: [...listen.from], to: [...listen.to] },
    };
  }

  async releaseService(order: ReleaseOrder): Promise<ReleaseView> {
    const prepare = await prepareRelease(this.#options, order);
    await this.#obey(order, prepare);
    return this.#newest(order.service);
  }

  async compareWithItself(
    service: string,
    step: { readonly weight: number; readonly bakeMs: number },
    order: Order,
  ): Promise<ReleaseView> {
    await this.#obey(order, (memory, given) => orderComparison(memory, service, step, given));
    return this.#newest(service);
  }

  async rollBack(service: string, version: number | null, order: Order): Promise<ReleaseView> {
    await this.#obey(order, (memory, given) => orderRollBack(memory, service, version, given));
    return this.#newest(service);
  }

  async promote(
    service: string,
    target: { readonly to: number | null; readonly version: number | null },
    order: Order,
  ): Promise<ReleaseView> {
    await this.#obey(order, (memory, given) => orderPromote(memory, service, target, given));
    return this.#newest(service);
  }

  async pause(service: string, order: Order): Promise<ReleaseView> {
    await this.#obey(order, (memory, given) => orderPause(memory, service, given));
    return this.#newest(service);
  }

  async restart(service: string, instance: string | null, order: Order): Promise<ServiceView> {
    await this.#obey(order, (memory, given) => orderRestart(memory, service, instance, this.#instances, given));
    return this.service(service);
  }

  async drain(service: string, what: { instance: string; act: DrainAct }, order: Order): Promise<ServiceView> {
    await this.#obey(order, (memory, given) => orderDrain(memory, service, what, this.#instances, given));
    return this.service(service);
  }

  #nodeChanged: NodeTeller = (order, eventOf) =>
    this.#obey(order, (memory, given) => ({ memory, events: [eventOf(given)] }));

  nodes: Control['nodes'] = () => nodeViews(this.#options.nodes);
  drainNode: Control['drainNode'] = (name, order) => drainNode(this.#options.nodes, name, order, this.#nodeChanged);
  activateNode: Control['activateNode'] = (name, order) =>
    activateNode(this.#options.nodes, name, order, this.#nodeChanged);

  async down(services: readonly string[], order: Order): Promise<DownView> {
    const names = services.length > 0 ? services : Object.keys(this.#memory.services);
    await this.#obey(order, (memory, given) => orderDown(memory, names, given));
    const isLast = Object.values(this.#memory.services).every((service) => service.isDown);
    return { services: [...names], isLast };
  }

  status(): StatusView {
    const { project, clock, nodes } = this.#options;
    const state = this.#state();
    return statusView(state, {
      ...project,
      at: clock.now(),
      startedAt: this.#startedAt,
      listening: publicUrls(addressOf, this.#listening),
      hasNodes: nodes !== undefined,
      balancer: processOf(this.#listening),
      problems: [...this.#problems, ...problemsOf(this.#memory, this.#certificates, clock.now())],
    });
  }

  #state(): ShownState {
    const { clock } = this.#options;
    return {
      memory: this.#memory,
      window: this.#window,
      instances: this.#instances,
      now: clock.now(),
      listening: publicUrls(addressOf, this.#listening),
    };
  }

  service(name: string): ServiceView {
    return serviceView(serviceOf(this.#memory, name), this.#state());
  }

  traffic(service: string): RecentTrafficView {
    return recentTrafficView(serviceOf(this.#memory, service).name, this.#hour);
  }

  certificates(): readonly CertificateView[] {
    return certificateViews(this.#certificates, this.#options.clock.now());
  }

  versions(service: string): readonly VersionView[] {
    const releases = [...this.#records.values()].map((one) => one.release);
    return versionViews(
      serviceOf(this.#memory, service),
      releases.filter((one) => one.service === service),
    );
  }

  /** The release that an order on this service made or changed. */
  #newest(name: string): ReleaseView {
    const service = serviceOf(this.#memory, name);
    const release = previewOf(service, this.#options.clock.now()) ?? service.release ?? service.last;
    if (!release) throw new Failure('not-found', `${name} has no release.`, { hint: `friday release ${name}` });
    return releaseView({ release, evidence: this.#memory.evidence[release.id] ?? null }, this.#state());
  }

  async releases(query: { readonly service?: string; readonly limit?: number }): Promise<readonly ReleaseView[]> {
    const wanted = [...this.#records.values()].filter((one) => !query.service || one.release.service === query.service);
    const newest = wanted.sort((one, other) => other.release.id - one.release.id).slice(0, query.limit ?? 20);
    return newest.map((record) => releaseView(record, this.#state()));
  }

  async release(id: number): Promise<ReleaseView> {
    return releaseView(await this.#recordOf(id), this.#state());
  }

  async changes(id: number): Promise<DifferencesView> {
    const { release } = await this.#recordOf(id);
    return differencesView(release, this.#memory.services[release.service]);
  }

  async ticks(id: number): Promise<AsyncIterable<string>> {
    return ticksOf(await this.#recordOf(id), this.#options.store);
  }

  async course(id: number, query: CourseQuery): Promise<CourseView> {
    const record = await this.#recordOf(id);
    return courseView(record, await this.#courses.of(record, query));
  }

  points(id: number, afterMs: number): readonly PointView[] {
    const release = this.#records.get(id)?.release;
    return release ? pointViews(release, this.#window, afterMs) : [];
  }

  async #recordOf(id: number): Promise<ReleaseRecord> {
    const record = this.#records.get(id) ?? (await this.#storedRecord(id)) ?? this.#queuedRecord(id);
    if (record) return record;
    throw new Failure('not-found', `There is no release number ${id}.`, { hint: 'friday history' });
  }

  async #storedRecord(id: number): Promise<ReleaseRecord | undefined> {
    const documents = await this.#options.store.read('release');
    return documents.find((document) => document.id === String(id))?.value as ReleaseRecord | undefined;
  }

  #queuedRecord(id: number): ReleaseRecord | undefined {
    const service = Object.values(this.#memory.services).find((one) => one.queued?.id === id);
    const release = service && previewOf(service, this.#options.clock.now());
    return release ? { release, evidence: null } : undefined;
  }

  events(query: EventQuery): Promise<readonly Event[]> {
    return this.#options.store.events(query);
  }

  onEvents(listener: (events: readonly Event[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onTurn(listener: () => void): () => void {
    this.#turnListeners.add(listener);
    return () => this.#turnListeners.delete(listener);
  }
}
