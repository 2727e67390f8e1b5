// Reads ticks line by line, strictly: the first line that is not as expected ends it, with its number and what is wrong. Pure.
import { Failure } from '../failure.ts';
import type { JudgeParams, Margins } from '../judge/judge.ts';
import { MAX_ROUTES } from '../judge/rules.ts';
import { type ArmCount, BUCKETS, type FailureCounts, type Histogram, type RouteCount } from '../traffic.ts';
import {
  type Fields,
  flag,
  isObject,
  list,
  number,
  object,
  oneOf,
  optional,
  type Reader,
  refuse,
  text,
  Unexpected,
  whole,
} from './fields.ts';
import { FORMAT, type Tick, type TicksHeader } from './tick.ts';
import { follows } from './write.ts';

/** Characters of one line. */
export const LONGEST_LINE = 1_000_000;
/** Lines of one file: two weeks, both arms, with some changes of the weight. */
export const MOST_LINES = 3_000_000;

const count = whole();

const LATENCY_RULE = object<Margins['latency'][number]>({
  quantile: oneOf('p50', 'p90', 'p95', 'p99'),
  percent: number(0, 10_000),
});
const MARGINS = object<Margins>({
  errors: object<Margins['errors']>({ ratio: number(1, 1000), delta: number(0, 1) }),
  latency: list(10, LATENCY_RULE),
});

type Judge = Omit<JudgeParams, 'service' | 'stable' | 'candidate'>;
const JUDGE: Fields<Judge> = {
  isSticky: flag,
  minRequests: count,
  passRule: optional(oneOf<NonNullable<Judge['passRule']>>('requests', 'certified')),
  margins: optional(MARGINS),
  clientErrors: optional(flag),
  routes: optional(list(MAX_ROUTES, text(1000))),
};

type HeaderFields = {
  readonly format: string;
  readonly release: number;
  readonly service: string;
  readonly stable: number;
  readonly candidate: number;
  readonly salt: string;
  readonly judge: Judge;
  readonly parameters?: string;
  readonly ticks?: number;
  readonly missing?: number;
};
const HEADER = object<HeaderFields>({
  format: oneOf(FORMAT),
  release: whole(1),
  service: text(200),
  stable: whole(1),
  candidate: whole(1),
  salt: text(1000),
  judge: object(JUDGE),
  parameters: optional(text(100)),
  ticks: optional(count),
  missing: optional(count),
});

const HISTOGRAM: Reader<Histogram> = (value, name) => {
  const bins = list(BUCKETS, (bin, at): readonly [number, number] => {
    if (!Array.isArray(bin) || bin.length !== 2) return refuse(at, bin, 'a pair [bucket, count]');
    return [whole(0, BUCKETS - 1)(bin[0], `${at}[0]`), whole(1)(bin[1], `${at}[1]`)];
  })(value, name);
  const fallen = bins.findIndex(([bucket], i) => bucket <= (bins[i - 1]?.[0] ?? -1));
  if (fallen > 0)
    refuse(`${name}[${fallen}][0]`, bins[fallen]?.[0], `a bucket above ${bins[fallen - 1]?.[0]}, for buckets rise`);
  return bins;
};

const FAILURES = object<FailureCounts>({ status: count, timeout: count, connection: count, deadline: count });
const ROUTE = object<RouteCount>({ route: text(1000), requests: count, failures: count, firstFailures: count });

type Line = ArmCount & {
  readonly tick: number;
  readonly service: string;
  readonly arm: 'stable' | 'candidate';
  readonly epoch: number;
  readonly weight: number;
  readonly apart?: true;
};
const PLACE = {
  tick: count,
  service: text(200),
  epoch: count,
  weight: number(0, 100),
  apart: optional(oneOf(true as const)),
};
/** In the order in which an arm is written. */
const ARM: Fields<ArmCount> = {
  version: whole(1),
  requests: count,
  failures: FAILURES,
  firstFailures: count,
  latency: HISTOGRAM,
  failedLatency: optional(HISTOGRAM),
  clientErrors: optional(count),
  firstClientErrors: optional(count),
  routes: optional(list(1000, ROUTE)),
  firstSlow: optional(list(100, count)),
  firstRequests: optional(object<NonNullable<ArmCount['firstRequests']>>({ requests: count, failures: count })),
};
const LINE = object<Line>({ ...PLACE, arm: oneOf<Line['arm']>('stable', 'candidate'), ...ARM });
type EmptyLine = Pick<Line, 'tick' | 'service' | 'epoch' | 'weight' | 'apart'> & { readonly arm: null };
const EMPTY_LINE = object<EmptyLine>({ ...PLACE, arm: oneOf(null) });

/** Reads the lines of one file in order. Every method throws `Failure` `invalid`, which names the file and the line. */
export class TicksReader {
  readonly #name: string;
  #line = 0;
  #header: TicksHeader | null = null;
  #given = 0;
  /** The newest tick: another line may still join it. */
  #open: Tick | null = null;

  /** `name` is what people call the file. */
  constructor(name: string) {
    this.#name = name;
  }

  /** Null before the first line. */
  get header(): TicksHeader | null {
    return this.#header;
  }

  /** The ticks that are complete with this line, none or one. Empty lines are passed over. */
  line(source: string): readonly Tick[] {
    this.#line += 1;
    if (this.#line > MOST_LINES) this.#fail(`more than ${MOST_LINES} lines; expected at most so many`, '');
    if (source.length > LONGEST_LINE)
      this.#fail(`more than ${LONGEST_LINE} characters; expected at most so many`, source);
    if (source.trim() === '') return [];
    try {
      const value: unknown = parsed(source);
      if (this.#header === null) {
        this.#header = headerOf(value);
        return [];
      }
      return this.#tick(value, this.#header);
    } catch (error) {
      if (error instanceof Unexpected) return this.#fail(error.message, source);
      throw error;
    }
  }

  /** The last tick; nothing comes after it. Throws when the file is empty or was cut off. */
  end(): readonly Tick[] {
    if (this.#header === null) {
      throw new Failure('invalid', `${this.#name} is empty; expected ticks of a release, their header first.`);
    }
    const last = this.#take(null);
    const { ticks } = this.#header;
    if (ticks !== null && ticks !== this.#given) {
      const message = `${this.#name} has ${this.#given} ticks, but its first line says ${ticks}`;
      throw new Failure('invalid', `${message}: ${this.#given < ticks ? 'it was cut off' : 'lines were added'}.`);
    }
    return last;
  }

  #tick(value: unknown, header: TicksHeader): readonly Tick[] {
    const isEmpty = isObject(value) && value.arm === null;
    const { tick, service, epoch, weight, apart, ...rest } = isEmpty ? EMPTY_LINE(value, '') : LINE(value, '');
    if (service !== header.params.service)
      refuse('service', service, `"${header.params.service}", as in the first line`);
    const read: Tick = { tick, epoch, weight, stable: null, candidate: null };
    const next = rest.arm === null ? read : withArm(read, rest, header.params);
    const { arm } = rest;
    const before = this.#open;
    const isSame = before !== null && before.tick === tick && before.epoch === epoch;
    const isOther =
      arm !== null && before !== null && before[arm] === null && (before.stable ?? before.candidate) !== null;
    if (isSame && isOther && apart === undefined) {
      if (before.weight !== weight) refuse('weight', weight, `${before.weight}, as of the other arm in this second`);
      this.#open = { ...before, [arm]: next[arm] };
      return [];
    }
    if (before !== null && apart === undefined && !follows(before, read)) {
      throw new Unexpected(
        `tick ${tick} of epoch ${epoch} comes after tick ${before.tick} of epoch ${before.epoch}; expected lines in the order of their ticks and epochs, both arms of a tick one after the other`,
      );
    }
    return this.#take(next);
  }

  #take(next: Tick | null): readonly Tick[] {
    const done = this.#open;
    this.#open = next;
    if (done === null) return [];
    this.#given += 1;
    return [done];
  }

  #fail(what: string, source: string): never {
    const cut = source.length > 200 ? `${source.slice(0, 199)}…` : source;
    const position = { file: this.#name, line: this.#line, column: 1, source: cut };
    throw new Failure('invalid', `Line ${this.#line} of ${this.#name}: ${what}.`, {
      position,
      hint: 'docs/reference/ticks.md',
    });
  }
}

function parsed(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch (error) {
    throw new Unexpected(
      `no JSON (${error instanceof Error ? error.message : error}); expected one JSON object a line`,
    );
  }
}

function headerOf(value: unknown): TicksHeader {
  // First of all, so that a file of something else is called that.
  const format = isObject(value) ? value.format : undefined;
  if (format !== FORMAT) refuse('format', format, JSON.stringify(FORMAT));
  const { release, service, stable, candidate, salt, judge, parameters, ticks, missing } = HEADER(value, '');
  return {
    release,
    salt,
    params: { service, stable, candidate, ...judge },
    parameters: parameters ?? null,
    ticks: ticks ?? null,
    missing: missing ?? 0,
  };
}

function withArm(tick: Tick, line: ArmCount & Pick<Line, 'arm'>, params: JudgeParams): Tick {
  const { arm, ...counts } = line;
  const expected = arm === 'stable' ? params.stable : params.candidate;
  if (counts.version !== expected) refuse('version', counts.version, `${expected}, the ${arm} of the first line`);
  const timed = counts.latency.reduce((sum, [, many]) => sum + many, 0);
  if (timed > counts.requests)
    refuse('latency', counts.latency, `at most ${counts.requests} requests in all, as "requests" says`);
  return { ...tick, [arm]: counts };
}
