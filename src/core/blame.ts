// Blame: the failed requests of a release in groups of one cause, and which of them are new. Pure.
import { absorbF, type FisherState, lnEOfF, ROLLBACK_ODDS, startF } from './judge/engineF.ts';
import { oddsText } from './judge/receipt.ts';
import { REQUESTS, SAFE_LN_E } from './judge/rules.ts';
import { addCell, type StrataState, startStrata } from './judge/strata.ts';
import { routeOf } from './route.ts';
import type { Cell, FailedRequest } from './traffic.ts';

/** How often something was seen on each version, and the evidence that the candidate does it more often. */
type Tally = { readonly stable: number; readonly candidate: number; readonly evidence: FisherState };

/** Samples whose log line was found, by that line. */
type LineTally = Tally & { readonly line: string; readonly key: string };

type GroupState = Tally & {
  readonly route: string;
  readonly status: number;
  readonly failure: FailedRequest['failure'];
  readonly lines: readonly LineTally[];
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** The newest on the candidate, else the newest: where to look further. */
  readonly example: Pick<FailedRequest, 'arm' | 'instance' | 'traceId'>;
};

/** Samples of one stratum; `among` are the requests that they were drawn from, null where that is no comparison. */
type Batch = {
  readonly among: { readonly n0: number; readonly n1: number } | null;
  readonly samples: readonly FailedRequest[];
};

/** Plain JSON, at most 20 groups and about 200 samples that wait for their stratum or their log line. */
export type BlameState = {
  readonly groups: readonly GroupState[];
  readonly strata: StrataState;
  /** Samples of the stratum that is open. */
  readonly open: readonly FailedRequest[];
  /** Closed, but what the instances wrote is not known yet. */
  readonly waiting: readonly Batch[];
};

/** `only`: odds of 20:1 or more that it is the candidate's, and never seen on stable. `more`: such odds, but seen on stable too. `seen`: no such odds. */
export type BlameMark = 'only' | 'more' | 'seen';

/** One kind of failure. */
export type BlameGroup = {
  /** Method and path, as `routeOf` names them. */
  readonly route: string;
  readonly status: number;
  readonly failure: FailedRequest['failure'];
  /** What the instance wrote about one of them, at most 200 characters; null when nothing was found. */
  readonly line: string | null;
  /** Sampled failed requests of each version. */
  readonly stable: number;
  readonly candidate: number;
  /** That the candidate does it more often; null where requests do not fall by chance one by one (sticky services). */
  readonly odds: string | null;
  readonly mark: BlameMark;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly instance: string;
  readonly traceId: string;
};

const MOST_GROUPS = 20;
const MOST_LINES = 3;
const MOST_OPEN = 100;
const MOST_WAITING = 100;
/** A log line that was not found so long after its request will not be found. */
const LINE_WAIT_MS = 4000;
/** Cells may come so long after their second. */
const LAST_CELL_MS = 40_000;

export function startBlame(): BlameState {
  return { groups: [], strata: startStrata(), open: [], waiting: [] };
}

/**
 * Takes in the next cells of the two versions, in order. The samples of both arms are drawn with the same probability, so
 * among the sampled requests of one stratum chance alone decides whose they are, as long as the versions fail alike;
 * engine F compares them, group by group.
 */
export function absorbBlame(before: BlameState, cells: readonly Cell[]): BlameState {
  return cells.reduce(absorbCell, before);
}

function absorbCell(before: BlameState, cell: Cell): BlameState {
  const old = before.strata.open;
  const { state: strata, closed } = addCell(before.strata, cell, REQUESTS);
  if (strata === before.strata) return { ...before, waiting: [...before.waiting, ...batch(null, cell.samples)] };
  const batches: Batch[] = [];
  const merged = strata.open ?? closed.findLast((one) => one !== old) ?? null;
  let { open } = before;
  const isContinued = old !== null && merged?.firstTick === old.firstTick && merged.epoch === old.epoch;
  if (!isContinued) {
    batches.push(...batch(old !== null && closed[0] === old ? old : null, open));
    open = [];
  }
  open = [...open, ...cell.samples].slice(0, MOST_OPEN);
  if (strata.open === null) {
    batches.push(...batch(merged, open));
    open = [];
  }
  return { ...before, strata, open, waiting: [...before.waiting, ...batches] };
}

function batch(among: Batch['among'], samples: readonly FailedRequest[]): Batch[] {
  return samples.length === 0 ? [] : [{ among: among && { n0: among.n0, n1: among.n1 }, samples }];
}

/** Names a sample among all: services hand a trace id on to each other. */
export function sampleKey({ instance, traceId }: Pick<FailedRequest, 'instance' | 'traceId'>): string {
  return `${instance} ${traceId}`;
}

/** Log lines by `sampleKey`; null = looked for and not found. */
export type KnownLines = Readonly<Record<string, string | null>>;

/** The samples whose log line is still to be found. */
export function unexplained({ open, waiting }: BlameState): readonly FailedRequest[] {
  return [...waiting.flatMap((one) => one.samples), ...open];
}

/** Puts the samples that have waited long enough into their groups. Each batch goes whole: how chance parted it is what counts. */
export function settleBlame(before: BlameState, lines: KnownLines, isSticky: boolean, now: number): BlameState {
  const isLate = (one: FailedRequest) => now - one.at - one.ms >= LINE_WAIT_MS;
  const isKnown = (one: FailedRequest) => isLate(one) || lines[sampleKey(one)] !== undefined;
  let groups = before.groups;
  let waiting = before.waiting;
  // In their order, so that the same seconds come to the same groups whenever somebody looks.
  for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
    const size = waiting.reduce((sum, one) => sum + one.samples.length, 0);
    if (size <= MOST_WAITING && !next.samples.every(isKnown)) break;
    groups = fold(groups, isSticky ? { ...next, among: null } : next, lines);
    waiting = waiting.slice(1);
  }
  return waiting === before.waiting ? before : { ...before, groups, waiting };
}

/** A release that ended long ago gets no cell any more: what is open stays without comparison. */
export function closeBlame(before: BlameState, now: number): BlameState {
  const isQuiet = before.open.every((one) => now - one.at - one.ms >= LAST_CELL_MS);
  if (before.open.length === 0 || !isQuiet) return before;
  return { ...before, open: [], waiting: [...before.waiting, ...batch(null, before.open)] };
}

function fold(groups: readonly GroupState[], { among, samples }: Batch, lines: KnownLines): readonly GroupState[] {
  const byKind = Map.groupBy(samples, kindOf);
  let known = [...groups];
  for (const [kind, own] of byKind) {
    const [first] = own;
    if (first === undefined) continue;
    const old = known.find((one) => kindOf(one) === kind);
    const group = tallied(old ?? newGroup(first), own, among);
    known = [
      ...known.filter((one) => one !== old),
      { ...seen(group, own), lines: withLines(group.lines, own, among, lines) },
    ];
  }
  // Whom the totals name: a choice by arm would spoil the comparison.
  const kept = known.toSorted((a, b) => total(b) - total(a) || b.lastAt - a.lastAt).slice(0, MOST_GROUPS);
  return known.filter((one) => kept.includes(one));
}

/** The same for a sample and for its group. */
function kindOf(one: FailedRequest | GroupState): string {
  const route = 'route' in one ? one.route : routeOf(one.method, one.path);
  return `${route} ${one.failure} ${one.status}`;
}

function newGroup(sample: FailedRequest): GroupState {
  const { at, arm, instance, traceId, status, failure } = sample;
  const route = routeOf(sample.method, sample.path);
  return {
    ...nothing(),
    route,
    status,
    failure,
    lines: [],
    firstAt: at,
    lastAt: at,
    example: { arm, instance, traceId },
  };
}

function nothing(): Tally {
  return { stable: 0, candidate: 0, evidence: startF(ROLLBACK_ODDS) };
}

function total({ stable, candidate }: Pick<Tally, 'stable' | 'candidate'>): number {
  return stable + candidate;
}

function tallied<T extends Tally>(tally: T, samples: readonly FailedRequest[], among: Batch['among']): T {
  const x1 = samples.filter((one) => one.arm === 'candidate').length;
  const x0 = samples.length - x1;
  const evidence =
    among && x0 <= among.n0 && x1 <= among.n1 ? absorbF(tally.evidence, { ...among, x0, x1 }) : tally.evidence;
  return { ...tally, stable: tally.stable + x0, candidate: tally.candidate + x1, evidence };
}

function seen(group: GroupState, samples: readonly FailedRequest[]): GroupState {
  const times = samples.map((one) => one.at);
  const newest = samples.findLast((one) => one.arm === 'candidate') ?? samples.at(-1);
  const isBetter = newest && (newest.arm === 'candidate' || group.example.arm === 'stable');
  return {
    ...group,
    firstAt: Math.min(group.firstAt, ...times),
    lastAt: Math.max(group.lastAt, ...times),
    example: isBetter ? { arm: newest.arm, instance: newest.instance, traceId: newest.traceId } : group.example,
  };
}

function withLines(
  before: readonly LineTally[],
  samples: readonly FailedRequest[],
  among: Batch['among'],
  known: KnownLines,
): readonly LineTally[] {
  const found = samples.flatMap((sample) => {
    const line = known[sampleKey(sample)];
    return line == null ? [] : [{ sample, line, key: likenessOf(line) }];
  });
  const tallies = [...before];
  for (const [key, own] of Map.groupBy(found, (one) => one.key)) {
    const place = tallies.findIndex((one) => one.key === key);
    const old = tallies[place] ?? { ...nothing(), line: own[0]?.line ?? '', key };
    const next = tallied(
      old,
      own.map((one) => one.sample),
      among,
    );
    if (place >= 0) tallies[place] = next;
    else if (tallies.length < MOST_LINES) tallies.push(next);
  }
  return tallies;
}

/** Lines that differ in numbers and ids only say the same. */
function likenessOf(line: string): string {
  return line.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|\d+/gi, '#');
}

/** What has failed so far, the most telling first, at most 20 groups. `isSticky`: one client can fail many requests, so no odds. */
export function blameGroups(state: BlameState, isSticky: boolean): readonly BlameGroup[] {
  // What waits is counted already; its evidence comes with its line.
  const samples = unexplained(state);
  const groups = fold(state.groups, { among: null, samples }, {}).flatMap((group) => rowsOf(group, isSticky));
  const rank = (one: BlameGroup) => (one.candidate === 0 ? 3 : ['only', 'more', 'seen'].indexOf(one.mark));
  return groups
    .toSorted(
      (a, b) => rank(a) - rank(b) || b.candidate - a.candidate || b.stable - a.stable || (a.route < b.route ? -1 : 1),
    )
    .slice(0, MOST_GROUPS);
}

/** One row for each log line where every failure of stable has its line; else nobody can tell whose line it is, so one row for all. */
function rowsOf(group: GroupState, isSticky: boolean): BlameGroup[] {
  const sum = (of: 'stable' | 'candidate') => group.lines.reduce((all, one) => all + one[of], 0);
  const sorted = group.lines.toSorted((a, b) => b.candidate - a.candidate || total(b) - total(a));
  const [main, ...others] = sorted;
  if (main === undefined || sum('stable') < group.stable) return [rowOf(group, group, main?.line ?? null, isSticky)];
  const unread = group.candidate - sum('candidate');
  const first = rowOf(group, { ...main, candidate: main.candidate + unread }, main.line, isSticky);
  return [first, ...others.map((one) => rowOf(group, one, one.line, isSticky))];
}

function rowOf(group: GroupState, tally: Tally, line: string | null, isSticky: boolean): BlameGroup {
  const { route, status, failure, firstAt, lastAt, example } = group;
  const { stable, candidate } = tally;
  const lnE = lnEOfF(tally.evidence);
  const isTelling = !isSticky && lnE >= SAFE_LN_E;
  return {
    route,
    status,
    failure,
    line,
    stable,
    candidate,
    odds: isSticky ? null : oddsText(lnE),
    mark: isTelling ? (stable === 0 ? 'only' : 'more') : 'seen',
    firstAt,
    lastAt,
    instance: example.instance,
    traceId: example.traceId,
  };
}

/** `only on v42, 31 times`, `seen on v42 2 times`, `on both: v42 2 times, v41 3 times`. */
export function blameWords(
  { mark, stable, candidate }: Pick<BlameGroup, 'mark' | 'stable' | 'candidate'>,
  versions: { readonly stable: number | null; readonly candidate: number },
): string {
  const [old, fresh] = [`v${versions.stable}`, `v${versions.candidate}`];
  if (mark === 'only') return `only on ${fresh}, ${times(candidate)}`;
  if (mark === 'more') return `more on ${fresh}, ${times(candidate)} against ${stable}`;
  if (stable === 0) return `seen on ${fresh} ${times(candidate)}`;
  if (candidate === 0) return `seen on ${old} ${times(stable)}`;
  return `on both: ${fresh} ${times(candidate)}, ${old} ${times(stable)}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
