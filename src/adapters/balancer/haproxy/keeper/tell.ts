// From groups of requests to the cell that is given out: most are added up, those that went wrong are counted one by one.
import { OpenCell, type Regime } from '../../../../proxy/observe/cell.ts';
import { RequestCount } from '../../../../proxy/observe/request-count.ts';
import type { RouteNames } from '../../../../proxy/observe/route-names.ts';
import type { Group, Pending } from './group.ts';
import { type Asked, answeredIn, type Ended } from './request.ts';

export type Telling = {
  readonly regime: Regime;
  readonly names: RouteNames;
  /** Id of the instance that HAProxy calls by this name. */
  readonly instanceOf: (server: string) => string;
};

const SECOND_MS = 1000;
const nothing = () => undefined;

/** The cell, to be closed, and the requests whose end nobody knows. */
export function cellOf(pending: Pending, telling: Telling): { readonly cell: OpenCell; readonly unknown: number } {
  const cell = new OpenCell(telling.regime, pending.tick);
  claimRoutes(cell, pending, telling);
  let unknown = 0;
  for (const group of pending.groups) {
    if (group.kind.isRefused) cell.seen.refused += group.starts;
    else if (group.kind.isUpgrade) tellUpgrades(cell, group);
    else unknown += new GroupTelling(cell, group, telling).tell();
  }
  return { cell, unknown };
}

/** In the order of their names, so that chance between the arms has no part in it. */
function claimRoutes(cell: OpenCell, { groups }: Pending, { names }: Telling): void {
  const routes = new Set<string>();
  for (const { asked, kind } of groups) {
    if (kind.isRefused || kind.isUpgrade) continue;
    for (const { method, path } of asked.values()) routes.add(names.of(method, path));
  }
  for (const route of [...routes].sort()) cell.placeOf(route);
}

function tellUpgrades({ seen }: OpenCell, { answered, lines }: Group): void {
  for (const [rest, count] of answered) see(seen, count, answeredIn(rest).status >= 500);
  for (const line of lines) if (line.headMs === null) seeHeadless(seen, line);
}

function see(seen: { answers: number; failures: number }, count: number, isFailure: boolean): void {
  seen.answers += count;
  if (isFailure) seen.failures += count;
}

/** A client that left got nothing, unless it was told off. */
function seeHeadless(seen: { answers: number; failures: number }, line: Ended): void {
  if (!isByClient(line)) see(seen, 1, true);
  else if (line.status >= 400) see(seen, 1, false);
}

const isByClient = ({ cause }: Ended) => cause.startsWith('C') || cause.startsWith('c');
const isByInstance = ({ cause }: Ended) => cause.startsWith('S') || cause.startsWith('s');

class GroupTelling {
  private readonly cell: OpenCell;
  private readonly group: Group;
  private readonly telling: Telling;
  /** Requests that began and are not counted yet. */
  private left: number;
  /** What is counted one by one, by route, so that it is not added up as well. */
  private readonly single = new Map<string, number>();
  private readonly answered: Map<string, number>;

  constructor(cell: OpenCell, group: Group, telling: Telling) {
    this.cell = cell;
    this.group = group;
    this.telling = telling;
    this.left = group.starts;
    this.answered = new Map(group.answered);
  }

  /** The requests whose end nobody knows. */
  tell(): number {
    const own = this.group.lines.filter((line) => this.isOwn(line));
    const [firsts, later] = [own.filter((one) => this.isFirst(one)), own.filter((one) => !this.isFirst(one))];
    const replays = firsts.map((line) => [line, this.begin(line)] as const);
    const sum = this.addAnswers();
    for (const line of later) replays.push([line, this.begin(line)]);
    replays.sort(([one], [other]) => one.endedAt - other.endedAt);
    for (const [line, count] of replays) this.replay(line, count);
    const isUnknown = this.group.open === 0 && !this.hasLate;
    if (!isUnknown) this.hang(this.left);
    this.addRoutes(sum);
    return isUnknown ? this.left : 0;
  }

  private get hasLate(): boolean {
    return [...this.answered.keys()].some((rest) => answeredIn(rest).isLate);
  }

  /** Whether the request is still to be counted; what was counted before may only have been cut since. */
  private isOwn(line: Ended): boolean {
    const { cell } = this;
    if (line.answer === null) {
      seeHeadless(cell.seen, line);
      return this.take(1) === 1;
    }
    const count = this.answered.get(line.answer) ?? 0;
    if (count === 0) {
      if (isByInstance(line) && line.status < 500) cell.seen.failures += 1;
      return false;
    }
    this.answered.set(line.answer, count - 1);
    see(cell.seen, 1, line.status >= 500);
    if (isByInstance(line) && line.status < 500) cell.seen.failures += 1;
    return this.take(1) === 1;
  }

  private take(count: number): number {
    const taken = Math.min(count, this.left);
    this.left -= taken;
    return taken;
  }

  /** Whether it is the first of its client in this second. */
  private isFirst({ clientId, startedAt }: Ended): boolean {
    if (clientId === null) return false;
    const at = Math.round(startedAt * 1000) % 1_000_000_000;
    for (const one of this.group.asked.values()) {
      if (one.clientId === clientId && one.firstAt > 0 && one.firstAt < at) return false;
    }
    return true;
  }

  private begin(line: Ended): RequestCount {
    const { instanceOf } = this.telling;
    return this.count(line, line.startedAt, line.traceId, () => instanceOf(line.server));
  }

  private count(
    { method, path, clientId }: Pick<Asked, 'method' | 'path' | 'clientId'>,
    startedAt: number,
    traceId: string,
    instance: () => string,
  ): RequestCount {
    const { kind } = this.group;
    const route = this.telling.names.of(method, path);
    this.single.set(route, (this.single.get(route) ?? 0) + 1);
    const facts = {
      method,
      url: path,
      get instance() {
        return instance();
      },
      traceId,
      clientId,
      wasUploading: () => kind.isUploading,
    };
    return new RequestCount(this.cell, kind.arm, kind.isOutside, startedAt, route, facts, nothing);
  }

  private replay(line: Ended, count: RequestCount): void {
    const { kind, startedAt, headMs, status, retries, answerMs, cause } = line;
    const endedAt = Math.max(line.endedAt, startedAt + (headMs ?? 0));
    if (headMs !== null) {
      const at = startedAt + headMs;
      // A try that failed is a failure, though another instance then answered.
      if (retries > 0) count.cut(Math.max(startedAt, at - Math.max(0, answerMs)), 502);
      count.head(at, status, kind.isForEvents);
    }
    if (isByClient(line)) count.leave(endedAt);
    else if (headMs !== null) {
      if (isByInstance(line)) count.cut(endedAt, status);
      else count.end(endedAt);
    } else if (cause.startsWith('sH')) count.timeOut(endedAt);
    else count.cut(endedAt, 502);
  }

  /** What was answered in time and has no line. Gives how many requests of the arm these are. */
  private addAnswers(): number {
    const { cell, group } = this;
    const { kind } = group;
    const tally = kind.isOutside ? null : cell.tallyOf(kind.arm);
    let sum = 0;
    for (const [rest, count] of this.answered) {
      const { clientId, status, isLate, ms } = answeredIn(rest);
      see(cell.seen, count, status >= 500);
      // It is counted at its deadline, as those that have no answer yet.
      if (isLate || count === 0) continue;
      const taken = this.take(count);
      if (tally === null) {
        cell.outside.requests += taken;
        if (status >= 500) cell.outside.failures += taken;
        continue;
      }
      const isClientError = status >= 400 && status < 500;
      sum += taken;
      tally.requests += taken;
      const bucket = tally.addLatency(ms, taken);
      if (clientId !== null) tally.firsts?.start(clientId);
      if (status >= 500) tally.fail('status', bucket, taken);
      else {
        if (isClientError) tally.clientErrors += taken;
        if (clientId !== null) tally.firsts?.pass(clientId, bucket, isClientError);
      }
    }
    return sum;
  }

  /** So many had no answer at their deadline: they fail when the cell closes. */
  private hang(most: number): void {
    const headless = new Map<string, number>();
    for (const { answer, method, path, clientId } of this.group.lines) {
      if (answer === null) add(headless, `${clientId ?? ''}|${method}|${path}`, 1);
    }
    let left = most;
    for (const asked of this.group.asked.values()) {
      const ended = headless.get(`${asked.clientId ?? ''}|${asked.method}|${asked.path}`) ?? 0;
      for (let i = asked.answered + ended; i < asked.starts && left > 0; i += 1) {
        this.count(asked, this.cell.tick * SECOND_MS, '', () => '');
        left -= 1;
      }
    }
    this.left = left;
  }

  /** The routes of those that were added up. */
  private addRoutes(most: number): void {
    const { cell, group, single } = this;
    const tally = group.kind.isOutside ? null : cell.tallyOf(group.kind.arm);
    if (tally === null) return;
    let left = most;
    for (const { method, path, starts } of group.asked.values()) {
      const route = this.telling.names.of(method, path);
      const place = cell.placeOf(route);
      const apart = Math.min(single.get(route) ?? 0, starts);
      if (apart > 0) single.set(route, (single.get(route) ?? 0) - apart);
      const count = Math.min(starts - apart, left);
      left -= count;
      if (place !== null && count > 0) tally.routeAt(place, route).requests += count;
    }
  }
}

function add(map: Map<string, number>, key: string, count: number): void {
  map.set(key, (map.get(key) ?? 0) + count);
}
