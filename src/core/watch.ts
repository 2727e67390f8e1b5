// The watch after a promotion: the old version keeps a share while it is warm, and the same judge goes on. Pure.

import { LOST_AFTER_MS } from './course.ts';
import { eventOf, type NewEvent } from './journal.ts';
import { percent, type Release, type Ruling, standOf, startRelease } from './release.ts';
import { type ServiceState, versionOf, type Watch } from './service.ts';
import { formatDuration } from './time.ts';

/** The watch that the routing follows now. One that an order has ended is left out, though its end is not told yet. */
export function watchOf(service: ServiceState): Watch | null {
  const { watch, release, warm, stable, isDown } = service;
  if (!watch || release !== null || isDown) return null;
  return stable === watch.version && warm?.version === watch.from ? watch : null;
}

/** What the end of a release shows of the version that it has replaced. */
export type Ended = {
  readonly now: number;
  /** Ready instances of the version before. */
  readonly oldReady: number;
  /** A judge compared the two versions. */
  readonly isJudged: boolean;
};

/** Only a version that was promoted by verdict is watched, and only beside a warm one that can serve. */
export function startWatch(service: ServiceState, release: Release, { now, oldReady, isJudged }: Ended): ServiceState {
  const { warm } = service;
  const holdBack = versionOf(service, release.version)?.spec.release.holdBack ?? 0;
  const isByVerdict = release.phase === 'promoted' && isJudged && !release.isForced;
  const hasOld = warm !== null && warm.version === release.from && oldReady > 0;
  if (!isByVerdict || !hasOld || holdBack <= 0 || service.release !== null) return service;
  const { id, version, salt, isSticky } = release;
  const weight = Number((100 - holdBack).toFixed(2));
  const watch = { release: id, version, from: warm.version, weight, salt, isSticky, since: now, lostSince: null };
  return { ...service, watch };
}

/** `v42 of api has 95%; v41 keeps 5%`. */
function sharesIn(service: string, watch: Watch): string {
  return `v${watch.version} of ${service} has ${percent(watch.weight)}; v${watch.from} keeps ${percent(100 - watch.weight)}`;
}

/** What people read while it lasts; `until` in words, like `10:42`. */
export function watchSentence(service: string, watch: Watch, until: string): string {
  return `${sharesIn(service, watch)} until ${until} to compare.`;
}

/** The event of its start; none when the service is not watched. */
export function startOfWatch(service: ServiceState, now: number): readonly NewEvent[] {
  const { watch, warm } = service;
  if (!watch || !warm) return [];
  const sentence = `${sharesIn(service.name, watch)} for ${roughly(warm.untilMs - now)} to compare.`;
  const data = { watch: watch.weight, from: watch.from, until: warm.untilMs };
  return [eventOf(now, 'release_watch', service, watch.release, watch.version, sentence, data)];
}

/** `40s`, `4 min`, `2h05m`. */
function roughly(ms: number): string {
  if (ms < 59_500) return formatDuration(Math.round(Math.max(0, ms) / 1000) * 1000);
  return ms < 5_400_000 ? `${Math.round(ms / 60_000)} min` : formatDuration(ms);
}

/** What a look shows of a watch. */
export type WatchSeen = {
  readonly now: number;
  /** Ready instances of the version before, and of the promoted one. */
  readonly oldReady: number;
  readonly newReady: number;
  readonly ruling: Ruling | null;
  /** An instance of the promoted version that ends again and again, and why one is not ready, in words. */
  readonly crashLoop: string | null;
  readonly notReady: string;
};

export type WatchMove =
  | { readonly type: 'go-on'; readonly watch: Watch }
  | { readonly type: 'end'; readonly sentence: string }
  /** `why`: a whole sentence. */
  | { readonly type: 'take-back'; readonly why: string };

/** What becomes of a watch that lasts until `untilMs`; while the promoted version cannot serve it goes on, for the old one stands in. */
export function nextWatch(name: string, before: Watch, untilMs: number, seen: WatchSeen): WatchMove {
  const [promoted, old] = [`v${before.version} of ${name}`, `v${before.from}`];
  if (seen.oldReady === 0) {
    return { type: 'end', sentence: `${promoted} has 100% of traffic: ${old} has no ready instance to compare with.` };
  }
  const lostSince = seen.newReady > 0 ? null : (before.lostSince ?? seen.now);
  if (seen.ruling?.kind === 'fail') return { type: 'take-back', why: seen.ruling.sentence };
  if (seen.crashLoop) return { type: 'take-back', why: `${promoted} keeps ending: ${seen.crashLoop}.` };
  if (lostSince !== null && seen.now - lostSince >= LOST_AFTER_MS) {
    return { type: 'take-back', why: `${promoted} has no ready instance: ${seen.notReady || 'all have ended'}.` };
  }
  if (lostSince === null && seen.now >= untilMs) {
    return { type: 'end', sentence: `${promoted} has 100% of traffic: it was compared with ${old} to the end.` };
  }
  return { type: 'go-on', watch: { ...before, lostSince } };
}

export type Watched = { readonly service: ServiceState; readonly events: readonly NewEvent[] };

/** One look on; `nextRelease` is the number that a release would have which takes the promoted version back. */
export function turnWatch(service: ServiceState, seen: WatchSeen, nextRelease: number): Watched {
  const { watch, warm, name } = service;
  if (!watch) return { service, events: [] };
  if (watchOf(service) === null || warm === null) return endWatch(service, watch, overtaken(service, watch), seen.now);
  const move = nextWatch(name, watch, warm.untilMs, seen);
  if (move.type === 'end') return endWatch(service, watch, move.sentence, seen.now);
  if (move.type === 'take-back') return takeBack(service, watch, move.why, seen.now, nextRelease);
  return { service: { ...service, watch: move.watch }, events: [] };
}

function overtaken(service: ServiceState, { version, from }: Watch): string {
  return `v${version} of ${service.name} is compared with v${from} no more: ${whyOvertaken(service, version, from)}.`;
}

function whyOvertaken({ name, release, isDown, stable }: ServiceState, version: number, from: number): string {
  if (release) return `v${release.version} is released`;
  if (isDown) return `${name} is stopped`;
  return stable === version ? `v${from} runs no more` : 'it was replaced';
}

function endWatch(service: ServiceState, watch: Watch, sentence: string, now: number, more: object = {}): Watched {
  const data = { watch: null, ...more };
  const event = eventOf(now, 'release_watch', service, watch.release, watch.version, sentence, data);
  return { service: { ...service, watch: null }, events: [event] };
}

/** A direct release of the warm version, which is ready, so it has everything at once: nothing is started, no weight is asked in between. */
function takeBack(service: ServiceState, watch: Watch, why: string, now: number, id: number): Watched {
  const { name } = service;
  const back = versionOf(service, watch.from);
  const reason = `v${watch.version} of ${name} was promoted ${roughly(now - watch.since)} ago and is taken back: ${why}`;
  const ended = endWatch(service, watch, reason, now, { isTakenBack: true });
  if (!back) return ended;
  const request = { id, version: back.version, from: service.stable, spec: back.spec, isDirect: true, now };
  const begun = startRelease({ ...request, salt: `${watch.salt}-${id}`, by: 'friday', reason });
  const sentence = `v${back.version} of ${name} gets 100% of traffic again.`;
  const release: Release = { ...begun, phase: 'promoting', step: 0, weight: 100, sentence, isTakeBack: true };
  const words = `friday put ${name} back to v${back.version} (${back.revision.label}).`;
  const data = { isDirect: true, ...standOf(release) };
  const requested = eventOf(now, 'release_requested', service, id, back.version, words, data);
  return { service: { ...ended.service, release }, events: [...ended.events, requested] };
}

/** The version that a release has taken back after its promotion; null for any other release. */
export function takenBackBy({ isTakeBack, phase, from }: Release): number | null {
  return isTakeBack && phase === 'promoted' ? from : null;
}
