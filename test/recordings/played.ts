// A control plane whose answers are those of a recording, as of a moment of it. It takes no orders.
import type { PointView } from '../../src/api/live-views.ts';
import type { ReleaseView, StatusView } from '../../src/api/views.ts';
import type { Control } from '../../src/control/api.ts';
import { Failure } from '../../src/core/failure.ts';
import type { Event } from '../../src/core/journal.ts';
import type { Range, RangeQuery } from '../../src/ports/metrics.ts';
import type { Recording } from './format.ts';

export class Played {
  readonly control: Control;
  readonly #recording: Recording;
  /** Milliseconds since the beginning of the recording. */
  readonly #elapsed: () => number;
  readonly #turned = new Set<() => void>();
  readonly #told = new Set<(events: readonly Event[]) => void>();
  #newest = 0;

  constructor(recording: Recording, elapsed: () => number) {
    this.#recording = recording;
    this.#elapsed = elapsed;
    this.control = this.#control();
  }

  /** Tells who listens that something may be new. */
  turn(): void {
    const events = this.#events().filter((event) => event.seq > this.#newest);
    this.#newest = events.at(-1)?.seq ?? this.#newest;
    if (events.length > 0) for (const tell of this.#told) tell(events);
    for (const wake of this.#turned) wake();
  }

  get #now(): number {
    return this.#recording.about.from + this.#elapsed();
  }

  #events(): readonly Event[] {
    return this.#recording.answers.events.filter((event) => event.at <= this.#now) as readonly Event[];
  }

  #status(): StatusView {
    const frames = this.#recording.frames.flatMap(({ at, frame }) =>
      frame.type === 'status' ? [{ at, status: frame.status }] : [],
    );
    const last = frames.findLast(({ at }) => at <= this.#elapsed()) ?? frames[0];
    if (!last) throw new Failure('unavailable', 'The recording has no status.');
    return last.status;
  }

  #release(id: number): ReleaseView {
    const { about, answers, frames } = this.#recording;
    const views = frames.flatMap(({ at, frame }) =>
      frame.type === 'release' && frame.release.id === id ? [{ at, view: frame.release }] : [],
    );
    const last = views.findLast(({ at }) => at <= this.#elapsed()) ?? views[0];
    const other = id === about.release ? undefined : answers.releases.find((one) => one.id === id);
    const view = last?.view ?? other;
    if (view) return view;
    throw new Failure('not-found', `There is no release number ${id}.`);
  }

  /** The newest telling of each second counts. */
  #points(): readonly PointView[] {
    const seconds = new Map<string, PointView>();
    for (const { at, frame } of this.#recording.frames) {
      if (frame.type !== 'points' || at > this.#elapsed()) continue;
      for (const point of frame.points) seconds.set(`${point.at} ${point.epoch}`, point);
    }
    return [...seconds.values()].sort((one, other) => one.at - other.at || one.epoch - other.epoch);
  }

  #requirePlayed(id: number): void {
    if (id !== this.#recording.about.release) throw new Failure('not-found', `Release ${id} was not recorded.`);
  }

  #requireService(name: string): void {
    if (name !== this.#recording.about.service) throw new Failure('not-found', `${name} was not recorded.`);
  }

  #control(): Control {
    const { answers } = this.#recording;
    return {
      status: () => this.#status(),
      service: (name) => {
        const service = this.#status().services.find((one) => one.name === name);
        if (service) return service;
        throw new Failure('not-found', `There is no service ${name}.`);
      },
      traffic: (name) => {
        this.#requireService(name);
        return answers.traffic;
      },
      certificates: () => [],
      versions: (name) => {
        this.#requireService(name);
        return answers.versions;
      },
      releases: async ({ service, limit = 20 }) =>
        answers.releases
          .filter((one) => service === undefined || one.service === service)
          .slice(0, limit)
          .map((one) => this.#release(one.id)),
      release: async (id) => this.#release(id),
      changes: async (id) => {
        const { service, from, version } = this.#release(id);
        return { release: id, service, from, version, isKnown: false, isSameCode: false, settings: [] };
      },
      ticks: async (id) => {
        throw new Failure('not-found', `Ticks of release ${id} were not recorded.`);
      },
      course: async (id, { moments }) => {
        this.#requirePlayed(id);
        const past = <T extends { at: number }>(all: readonly T[]) => all.filter((one) => one.at <= this.#now);
        const { points, said, ...rest } = answers.course;
        return { ...rest, points: past(points), said: moments > 0 ? past(said) : [] };
      },
      points: (id, afterMs) =>
        id === this.#recording.about.release ? this.#points().filter((one) => one.at > afterMs) : [],
      metrics: { range: async (query) => regridded(answers.ranges[query.by], query, this.#now) },
      events: async ({ after = 0, service, release, limit = 100, isNewestFirst = false }) => {
        const matching = this.#events().filter(
          (event) =>
            event.seq > after &&
            (service === undefined || event.service === service) &&
            (release === undefined || event.release === release),
        );
        return isNewestFirst ? matching.slice(-limit) : matching.slice(0, limit);
      },
      onEvents: (listener) => joined(this.#told, listener),
      onTurn: (listener) => joined(this.#turned, listener),
      ...noOrders(),
    };
  }
}

function joined<T>(all: Set<T>, one: T): () => void {
  all.add(one);
  return () => {
    all.delete(one);
  };
}

function noOrders() {
  const refuse = async (): Promise<never> => {
    throw new Failure('conflict', 'This is a recording: it takes no orders.');
  };
  return {
    up: refuse,
    releaseService: refuse,
    compareWithItself: refuse,
    rollBack: refuse,
    promote: refuse,
    pause: refuse,
    restart: refuse,
    drain: refuse,
    nodes: refuse,
    drainNode: refuse,
    activateNode: refuse,
    down: refuse,
  };
}

/** The mean of what is known in each asked step; null where nothing is, or where it is not yet. */
function regridded(range: Range, query: RangeQuery, now: number): Range {
  const { stepMs } = query;
  const fromMs = Math.floor(query.fromMs / stepMs) * stepMs;
  const count = Math.floor((query.toMs - fromMs) / stepMs) + 1;
  const series = range.series
    .filter(
      (one) =>
        query.metrics.includes(one.metric) &&
        (query.service === undefined || one.service === query.service) &&
        (query.version === undefined || one.version === query.version) &&
        (query.instance === undefined || one.instance === query.instance),
    )
    .map((one) => {
      const sums = new Map<number, { sum: number; count: number }>();
      for (const [index, value] of one.values.entries()) {
        const at = range.fromMs + index * range.stepMs;
        if (value === null || at > now) continue;
        const step = Math.floor((at - fromMs) / stepMs);
        const before = sums.get(step) ?? { sum: 0, count: 0 };
        sums.set(step, { sum: before.sum + value, count: before.count + 1 });
      }
      const meanOf = (step: number) => {
        const known = sums.get(step);
        return known ? known.sum / known.count : null;
      };
      return { ...one, values: Array.from({ length: count }, (_, step) => meanOf(step)) };
    });
  return { fromMs, stepMs, series };
}
