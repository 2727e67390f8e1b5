// What people see, made from what is remembered and what was measured. Pure.

import type { ComparisonView, RecentTrafficView } from '../api/plan-views.ts';
import type { BlameView, ReceiptView } from '../api/receipt-views.ts';
import type {
  ArmView,
  ReleaseView,
  ScaleView,
  ServiceView,
  StatusView,
  TrafficView,
  VersionView,
  WatchView,
} from '../api/views.ts';
import { type SelfComparison, selfFindings } from '../core/aa.ts';
import { blameGroups, blameWords } from '../core/blame.ts';
import { type ArmTotal, type Decided, type Evidence, rulingOf, verdictIn } from '../core/evidence.ts';
import { type Hour, recentTraffic } from '../core/hour.ts';
import type { CurrentStep, JudgeParams, MetricReceipt } from '../core/judge/judge.ts';
import { type ReadableRules, readableRules } from '../core/judge/readable.ts';
import { oddsText } from '../core/judge/receipt.ts';
import { isCompared, isOver, nextWeight, type Phase, type Release } from '../core/release.ts';
import { sizeSentence } from '../core/scaling.ts';
import { isBalanced, isOut, replicasOf, type ServiceState, specOf, versionOf, wantedIds } from '../core/service.ts';
import { quantile } from '../core/traffic.ts';
import type { Memory } from '../core/turn.ts';
import { takenBackBy, watchOf, watchSentence } from '../core/watch.ts';
import { lately, shareIn, type Window } from '../core/window.ts';
import type { InstanceSeen } from '../ports/runtime.ts';
import { instanceViews } from './instance-views.ts';
import type { ReleaseRecord } from './memory.ts';

/** Everything that is shown comes from here. */
export type ShownState = {
  readonly memory: Memory;
  readonly window: Window;
  readonly instances: readonly InstanceSeen[];
  readonly now: number;
  readonly listening: readonly string[];
};

/** Seconds over which traffic is shown, and the measured share of a candidate. */
const TRAFFIC_SECONDS = 30;
const SHARE_SECONDS = 15;

function trafficOf(state: ShownState, service: string, version: number | null, seconds = TRAFFIC_SECONDS): TrafficView {
  return lately(state.window, service, version, seconds);
}

function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}

export function serviceView(service: ServiceState, state: ShownState): ServiceView {
  const mine = state.instances.filter((one) => one.service === service.name);
  const running = mine.filter((one) => one.state !== 'exited');
  const serving = service.stable ?? service.release?.version ?? null;
  const ids = serving === null ? new Set<string>() : wantedIds(service, serving, mine);
  const serves = mine.filter((one) => ids.has(one.id));
  const isReleased = isBalanced(service);
  const ready = isReleased ? carrying(service, serving, mine) : serves.filter((one) => one.state === 'ready').length;
  return {
    name: service.name,
    ...stateOf(service, ready, hasCompleted(service, serves)),
    version: service.stable,
    candidate: service.release?.version ?? null,
    release: service.release?.id ?? null,
    watch: watchView(service),
    isReleased,
    isRemoved: service.isRemoved,
    urls: service.isDown ? [] : urlsOf(service, state.listening),
    ready,
    wanted: service.isDown ? 0 : replicasOf(service, serving),
    scale: scaleView(service, state),
    traffic: isReleased ? trafficOf(state, service.name, null) : null,
    cpu: sum(running.map((one) => one.cpu)),
    memory: sum(running.map((one) => one.memory)),
    instances: instanceViews(service, mine),
  };
}

/** How many carry traffic: one that has to go does until another one has its place. */
function carrying(service: ServiceState, version: number | null, mine: readonly InstanceSeen[]): number {
  const isReady = (one: InstanceSeen) => one.version === version && one.state === 'ready' && !isOut(service, one);
  return Math.min(mine.filter(isReady).length, replicasOf(service, version));
}

/** Null where it does not scale by itself, or is stopped. */
function scaleView(service: ServiceState, { memory }: ShownState): ScaleView | null {
  const version = service.stable ?? service.release?.version ?? null;
  const scale = versionOf(service, version)?.spec.scale;
  if (!scale || service.isDown) return null;
  const { min, max } = scale;
  const { inflight = null, rate = null, cpu = null } = scale.target;
  const sentence = sizeSentence(service, memory.scaling?.[service.name]);
  const candidate = service.release && service.stable !== null ? replicasOf(service, service.release.version) : null;
  return { min, max, wanted: replicasOf(service, version), candidate, target: { inflight, rate, cpu }, sentence };
}

/** A task that ran to its end, each copy once, and is not to run again. */
function hasCompleted(service: ServiceState, serves: readonly InstanceSeen[]): boolean {
  const restart = versionOf(service, service.stable)?.spec.restart ?? 'always';
  const isEnd = (one: InstanceSeen) => one.state === 'exited' && one.exit?.code === 0;
  return (
    restart !== 'always' &&
    serves.length > 0 &&
    serves.length === replicasOf(service, service.stable) &&
    serves.every(isEnd)
  );
}

function stateOf(service: ServiceState, ready: number, isCompleted: boolean): Pick<ServiceView, 'state' | 'sentence'> {
  const { name, release, last, stable } = service;
  const replicas = replicasOf(service, stable);
  if (service.isDown) return { state: 'stopped', sentence: `${name} is stopped.` };
  if (release) return { state: 'releasing', sentence: release.sentence };
  const kept = drainedWords(service);
  const copies = `${ready} of ${replicas} instances ${replicas === 1 ? 'is' : 'are'} ready${kept}`;
  if (stable === null) return { state: 'down', sentence: last?.sentence ?? `${name} has never run.` };
  if (isCompleted) return { state: 'completed', sentence: `v${stable} of ${name} has completed.` };
  if (ready === 0 && replicas > 0) return { state: 'down', sentence: `v${stable} of ${name}: ${copies}.` };
  if (ready < replicas) return { state: 'degraded', sentence: `v${stable} of ${name}: ${copies}.` };
  return { state: 'healthy', sentence: sentenceOfWatch(service) ?? `v${stable} of ${name}: ${copies}.` };
}

function watchView(service: ServiceState): WatchView | null {
  const watch = watchOf(service);
  if (!watch || !service.warm) return null;
  const { release, version, from, weight, since } = watch;
  const holdBack = Number((100 - weight).toFixed(2));
  return { release, version, from, weight, holdBack, since, until: service.warm.untilMs };
}

/** What a watch that lasts is told with, the end by this machine's clock; null without one. */
function sentenceOfWatch(service: ServiceState): string | null {
  const watch = watchOf(service);
  if (!watch || !service.warm) return null;
  return watchSentence(service.name, watch, timeOf(service.warm.untilMs));
}

/** `; api-v42-1 is drained until 14:05`; empty where none is. */
function drainedWords({ drained = [] }: ServiceState): string {
  const kept = drained.filter((one) => one.outSince !== null && !one.isReturning);
  return kept.map(({ id, until }) => `; ${id} is drained until ${timeOf(until)}`).join('');
}

/** `14:05` by this machine's clock. */
function timeOf(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes()].map((one) => String(one).padStart(2, '0')).join(':');
}

/** Addresses that a person can open: each route on each public listener. */
function urlsOf(service: ServiceState, listening: readonly string[]): string[] {
  const routes = specOf(service)?.routes ?? [];
  return routes.flatMap(({ host, path }) =>
    listening.map((base) => {
      const url = new URL(path, base);
      url.hostname = host === '*' ? reachable(url.hostname) : host;
      return url.href.replace(/\/$/, '');
    }),
  );
}

function reachable(host: string): string {
  return host === '0.0.0.0' || host === '[::]' || host === '127.0.0.1' ? 'localhost' : host;
}

function armView(service: ServiceState, version: number, total: ArmTotal, state: ShownState, isLive: boolean): ArmView {
  return {
    version,
    label: versionOf(service, version)?.revision.label ?? '',
    requests: total.requests,
    failures: total.failures,
    errorShare: total.requests === 0 ? null : total.failures / total.requests,
    traffic: isLive ? trafficOf(state, service.name, version) : null,
  };
}

const NOTHING: ArmTotal = { requests: 0, failures: 0 };

export function releaseView(record: ReleaseRecord, state: ShownState): ReleaseView {
  const { release, evidence } = record;
  const service = state.memory.services[release.service];
  const mine = service ? watchView(service) : null;
  const watch = mine?.release === release.id ? mine : null;
  const isLive = !isOver(release) || watch !== null;
  const arm = (version: number, total: ArmTotal) =>
    service
      ? armView(service, version, total, state, isLive)
      : { version, label: '', ...total, errorShare: null, traffic: null };
  const current = isLive ? service?.routing : undefined;
  const receipt = evidence && receiptView(release, evidence, current);
  return {
    id: release.id,
    service: release.service,
    version: release.version,
    from: release.from,
    state: release.phase,
    isOver: isOver(release),
    sentence: (watch && service && sentenceOfWatch(service)) ?? release.sentence,
    watch,
    weight: watch?.weight ?? release.weight,
    // Requests of an earlier weight say nothing about this one.
    measuredWeight: current ? shareIn(state.window, release.service, current.epoch, SHARE_SECONDS) : null,
    plan: release.ramp ? 'auto' : isCompared(release) ? 'steps' : 'none',
    steps: release.steps.map((step) => ({ ...step })),
    step: release.step,
    ...nextOf(release, state.now),
    neededRequests: evidence && !watch ? (rulingOf(evidence, current)?.neededRequests ?? null) : null,
    requestedAt: release.requestedAt,
    endedAt: release.endedAt,
    by: release.by,
    reason: release.reason,
    stable: release.from === null ? null : arm(release.from, evidence?.stable ?? NOTHING),
    candidate: arm(release.version, evidence?.candidate ?? NOTHING),
    odds: (watch && evidence ? verdictIn(evidence, current)?.receipt : receipt)?.odds ?? null,
    limit: receipt?.limit ?? null,
    failuresSeen: evidence?.seen.failures ?? 0,
    refused: evidence?.seen.refused ?? 0,
    firstRequestAt: tickMs(evidence?.firstTick),
    lastRequestAt: tickMs(evidence?.lastTick),
    weights: (evidence?.weights ?? []).map((one) => ({ ...one })),
    samples: (evidence?.samples ?? []).map((one) => ({ ...one })),
    lastLines: [...(evidence?.lastLines ?? [])],
    blame: evidence ? blameViews(release, evidence) : [],
    receipt,
    ...(evidence?.self ? { comparison: comparisonView(evidence.self) } : {}),
  };
}

function comparisonView(self: SelfComparison): ComparisonView {
  const { quantiles, ...findings } = selfFindings(self);
  const peaks = Object.entries(self.peaks).map(([metric, lnE]) => ({ metric, lnE, odds: oddsText(lnE) }));
  return { ...findings, quantiles: quantiles.map((one) => ({ ...one })), peaks };
}

/** As it was decided; before that as of now. */
function receiptView(release: Release, evidence: Evidence, current: CurrentStep | undefined): ReceiptView | null {
  const { judge, decided } = evidence;
  const live = decided ? null : verdictIn(evidence, current);
  const verdict: Pick<Decided, 'kind' | 'receipt'> | null = decided ?? live;
  if (!verdict || !judge) return null;
  return receiptViewOf(release, verdict, judge.params, decided ?? null);
}

/** A verdict for people; `decided` when it is the one that counted. */
export function receiptViewOf(
  release: Release,
  { receipt, kind }: Pick<Decided, 'kind' | 'receipt'>,
  params: JudgeParams,
  decided: Decided | null,
): ReceiptView {
  return {
    ...receipt,
    kind,
    decidedAt: decided?.at ?? null,
    stable: { ...receipt.stable },
    candidate: { ...receipt.candidate },
    metrics: receipt.metrics.map((one: MetricReceipt) => ({ ...one })),
    rules: rulesView(decided?.rules ?? readableRules(params)),
    salt: release.salt,
  };
}

function rulesView(rules: ReadableRules): ReceiptView['rules'] {
  return { ...rules, margins: { ...rules.margins }, routes: [...rules.routes] };
}

function blameViews(release: Release, evidence: Evidence): BlameView[] {
  const versions = { stable: release.from, candidate: release.version };
  const groups = evidence.blame ? blameGroups(evidence.blame, release.isSticky) : [];
  return groups.map((one) => ({ ...one, words: blameWords(one, versions) }));
}

function tickMs(tick: number | null | undefined): number | null {
  return tick === null || tick === undefined ? null : tick * 1000;
}

function nextOf(release: Release, now: number): { nextWeight: number | null; nextInMs: number | null } {
  if (isOver(release) || release.phase === 'rolling_back' || release.phase === 'promoting') {
    return { nextWeight: null, nextInMs: null };
  }
  // How high a ramp begins depends on the traffic of that moment.
  if (release.ramp && release.weight === 0) return { nextWeight: release.wanted ?? null, nextInMs: null };
  const step = release.steps[release.step];
  const isTimed = release.phase === 'ramping' && step && release.bakingSince !== null;
  const nextInMs = isTimed ? Math.max(0, (release.bakingSince ?? 0) + step.bakeMs - now) : null;
  return { nextWeight: nextWeight(release), nextInMs };
}

/** What one service has answered lately. */
export function recentTrafficView(service: string, hour: Hour): RecentTrafficView {
  const { latency, slots, ...recent } = recentTraffic(hour, service);
  const { knownSeconds, requests, ofMain, failures } = recent;
  return {
    service,
    ...recent,
    requestsPerSecond: knownSeconds === 0 ? 0 : requests / knownSeconds,
    errorShare: ofMain === 0 ? null : failures / ofMain,
    latencyP50Ms: quantile(latency, 0.5),
    latencyP95Ms: quantile(latency, 0.95),
    latencyP99Ms: quantile(latency, 0.99),
    latency: latency.map(([bucket, count]) => [bucket, count]),
    slots: slots.map((slot) => ({ ...slot, at: 1000 * slot.at })),
  };
}

/** Newest first; `releases` are those of this service, in any order. */
export function versionViews(service: ServiceState, releases: readonly Release[]): readonly VersionView[] {
  const phases = new Map<number, Phase>();
  for (const one of [...releases].sort((a, b) => a.id - b.id)) {
    phases.set(one.version, one.phase);
    const bad = takenBackBy(one);
    if (bad !== null) phases.set(bad, 'rolled_back');
  }
  const stateIn = (version: number): VersionView['state'] => {
    if (version === service.stable) return 'stable';
    if (version === service.release?.version) return 'candidate';
    if (version === service.warm?.version) return 'warm';
    const phase = phases.get(version);
    return phase === 'rolled_back' || phase === 'failed' ? phase : 'old';
  };
  return service.versions
    .map(({ version, revision, createdAt, by, reason }) => {
      return {
        version,
        label: revision.label,
        digest: revision.digest,
        createdAt,
        by,
        reason,
        state: stateIn(version),
      };
    })
    .reverse();
}

type About = {
  readonly name: string;
  readonly file: string;
  readonly host: string;
  readonly version: string;
  readonly pid: number;
  readonly at: number;
  readonly startedAt: number;
  readonly listening: readonly string[];
  readonly hasNodes: boolean;
  readonly balancer: StatusView['balancer'];
  readonly problems: readonly string[];
};

export function statusView(state: ShownState, about: About): StatusView {
  const services = Object.values(state.memory.services);
  const { name: project, file, at, host, version, pid, startedAt } = about;
  const underWay = services.flatMap((service) => service.release ?? []);
  return {
    project,
    file,
    at,
    host,
    version,
    pid,
    startedAt,
    listening: [...about.listening],
    ...(about.balancer ? { balancer: about.balancer } : {}),
    ...(about.hasNodes ? { hasNodes: true } : {}),
    services: services.map((service) => serviceView(service, state)),
    releases: underWay.map((release) =>
      releaseView({ release, evidence: state.memory.evidence[release.id] ?? null }, state),
    ),
    problems: [...about.problems],
  };
}
