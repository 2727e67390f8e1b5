// One release as this tab knows it: what the server said, its seconds so far, and where in time the viewer stands.
import { computed, signal } from '@preact/signals';
import type { CourseView, PointView } from '../../../src/api/live-views.ts';
import type { ReceiptView } from '../../../src/api/receipt-views.ts';
import type { EventView, ReleaseView } from '../../../src/api/views.ts';
import { api, Problem } from '../api.ts';
import { fresh, events as liveEvents, merged, status, watch, watched } from '../live.ts';
import { countsOf, type Tally } from './interval.ts';

/** A second, or several of a long release. */
export type Moment = PointView & { readonly seconds: number };

const loaded = signal<ReleaseView | null>(null);
const course = signal<CourseView | null>(null);
const stored = signal<readonly EventView[]>([]);
export const problem = signal<Problem | null>(null);
/** Where the viewer stands in a finished release, ms since 1970; null = at its end. */
export const cursor = signal<number | null>(null);
const asked = signal<number | null>(null);

/** So often the judge is asked over the time of a finished release. */
const MOMENTS = 160;
const EVENTS = 200;
/** The traffic of so long after its end belongs to the picture of a release: its arm closes. */
const AFTER_MS = 10_000;

/** The release as it is now, from the stream or, before it speaks, from the first answer. */
export const release = computed<ReleaseView | null>(() => {
  const id = asked.value;
  if (id === null) return null;
  const mine = (view: ReleaseView | null | undefined) => (view?.id === id ? view : null);
  return mine(watched.value) ?? mine(status.value?.releases.find((one) => one.id === id)) ?? mine(loaded.value);
});

export async function open(id: number): Promise<void> {
  asked.value = id;
  loaded.value = null;
  course.value = null;
  stored.value = [];
  problem.value = null;
  cursor.value = null;
  watch(id);
  const keep = <T>(into: { value: T }, promise: Promise<T>) =>
    promise.then((value) => {
      if (asked.value === id) into.value = value;
    });
  try {
    await Promise.all([
      keep(loaded, api.release(id)),
      keep<CourseView | null>(course, api.course(id, 0)),
      keep(stored, api.events({ release: id, limit: EVENTS })),
    ]);
  } catch (error) {
    if (asked.value === id) problem.value = error instanceof Problem ? error : new Problem(0, String(error));
  }
}

export function close(): void {
  asked.value = null;
  watch(null);
}

/** Asks for what the judge said over time; a finished release can then be gone through. */
export async function loadMoments(): Promise<void> {
  const id = asked.value;
  if (id === null || (course.value?.said.length ?? 0) > 0) return;
  const whole = await api.course(id, MOMENTS).catch(() => null);
  if (whole && asked.value === id) course.value = whole;
}

/** Long releases have long moments before the last minutes. */
const counted = computed<readonly Moment[]>(() => {
  const past = course.value;
  const step = (past?.stepMs ?? 1000) / 1000;
  const before = past?.points ?? [];
  if (step === 1) return merged(before, fresh.value).map((one) => ({ ...one, seconds: 1 }));
  const end = (before.at(-1)?.at ?? 0) + step * 1000;
  const later = fresh.value.filter((one) => one.at >= end).map((one) => ({ ...one, seconds: 1 }));
  return [...before.map((one) => ({ ...one, seconds: step })), ...later];
});

/** Everything counted so far, oldest first, of an ended release up to a little after its end or the comparison that followed. */
export const moments = computed<readonly Moment[]>(() => {
  const view = release.value;
  const isEnded = view !== null && view.endedAt !== null && view.watch === null;
  const end = isEnded ? (course.value?.points.at(-1)?.at ?? 0) : 0;
  const limit = isEnded ? Math.max(view.endedAt ?? 0, end) + AFTER_MS : Number.POSITIVE_INFINITY;
  return counted.value.filter((one) => one.at <= limit);
});

/** Up to where the viewer stands. */
export const shown = computed<readonly Moment[]>(() => {
  const at = cursor.value;
  return at === null ? moments.value : moments.value.filter((one) => one.at <= at);
});

/** The newest first. */
export const journal = computed<readonly EventView[]>(() => {
  const id = asked.value;
  const known = new Map(stored.value.map((event) => [event.seq, event]));
  for (const event of liveEvents.value) if (event.release === id) known.set(event.seq, event);
  const at = cursor.value;
  return [...known.values()]
    .filter((event) => at === null || event.at <= at + 1000)
    .sort((one, other) => other.seq - one.seq);
});

/** What the judge says there; now, or as it was decided. */
export const receipt = computed<ReceiptView | null>(() => {
  const at = cursor.value;
  const final = release.value?.receipt ?? null;
  if (at === null) return final;
  return course.value?.said.findLast((one) => one.at <= at)?.receipt ?? null;
});

export type Totals = { readonly stable: Tally; readonly candidate: Tally };

/** Requests of both versions since the release began. */
export const totals = computed<Totals>(() => {
  const view = release.value;
  const tally = (arm: { requests: number; failures: number } | null | undefined): Tally => ({
    requests: arm?.requests ?? 0,
    failures: arm?.failures ?? 0,
  });
  if (cursor.value === null) return { stable: tally(view?.stable), candidate: tally(view?.candidate) };
  const sum = (arm: 'stable' | 'candidate') => {
    const parts = shown.value.map((one) => one[arm]);
    return {
      requests: parts.reduce((all, part) => all + (part?.requests ?? 0), 0),
      failures: parts.reduce((all, part) => all + (part?.failures ?? 0), 0),
    };
  };
  return { stable: sum('stable'), candidate: sum('candidate') };
});

/** Latency of both versions, of everything or of the last `ms`. */
export function latencies(points: readonly Moment[], ms: number | null) {
  const end = points.at(-1)?.at ?? 0;
  const late = ms === null ? points : points.filter((one) => one.at > end - ms);
  return {
    stable: countsOf(late.map((one) => one.stable?.latency)),
    candidate: countsOf(late.map((one) => one.candidate?.latency)),
  };
}

/** Latency since both versions have traffic: the intervals compare these. */
export const compared = computed(() =>
  latencies(
    shown.value.filter((one) => (one.candidate?.requests ?? 0) > 0),
    null,
  ),
);
