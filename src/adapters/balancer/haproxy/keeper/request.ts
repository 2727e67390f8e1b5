// What HAProxy says of requests: rows that count those that have much in common, and lines of those that went wrong.
import type { Arm } from '../../../../core/traffic.ts';
import type { Row } from './master.ts';

/** What all requests of a group have in common. */
export type Kind = {
  /** Names the group. */
  readonly key: string;
  /** Number of the routing under which they were assigned. */
  readonly regime: number;
  readonly arm: Arm;
  /** Second of their start. */
  readonly tick: number;
  readonly isOutside: boolean;
  readonly isUpgrade: boolean;
  /** Their bodies had not come whole with their heads. */
  readonly isUploading: boolean;
  readonly isRefused: boolean;
  /** They ask for an event stream. */
  readonly isForEvents: boolean;
};

/** Requests of one kind, of one client where clients are told apart, with one method and path. */
export type Asked = {
  readonly clientId: string | null;
  readonly method: string;
  readonly path: string;
  /** Of the first of them, in µs modulo 10^9; 0 where it is not told. */
  readonly firstAt: number;
  readonly starts: number;
  /** Answered in time. */
  readonly answered: number;
};

/** Answers of one kind. `ms` is within 0.5 % or 10 µs of the time to the head. */
export type Answered = {
  readonly clientId: string | null;
  readonly status: number;
  /** After the deadline. */
  readonly isLate: boolean;
  readonly ms: number;
};

/** A request that ended otherwise than well, or failed before it succeeded. */
export type Ended = {
  readonly kind: Kind;
  readonly clientId: string | null;
  readonly startedAt: number;
  /** Time to the head of the instance's answer in ms; null when none came. */
  readonly headMs: number | null;
  /** The row that counts its answer; null when none came. */
  readonly answer: string | null;
  readonly endedAt: number;
  readonly status: number;
  /** How it ended, as in HAProxy's logs: who ended it, and in which state. */
  readonly cause: string;
  readonly retries: number;
  /** Time between the last try and the head, in ms; -1 when none came. */
  readonly answerMs: number;
  /** Name of the server that had it last. */
  readonly server: string;
  readonly traceId: string;
  readonly method: string;
  readonly path: string;
};

const KIND = /^(\d+)([sc])\|(\d+)\|([a-z]*)$/;
const PATH_CHARACTERS = 200;

/** Null for anything else. */
export function kindIn(key: string): Kind | null {
  const [, regime, arm, tick, marks = ''] = KIND.exec(key) ?? [];
  if (regime === undefined) return null;
  return {
    key,
    regime: Number(regime),
    arm: arm === 'c' ? 'candidate' : 'stable',
    tick: Number(tick),
    isOutside: marks.includes('o'),
    isUpgrade: marks.includes('u'),
    isUploading: marks.includes('b'),
    isRefused: marks.includes('r'),
    isForEvents: marks.includes('e'),
  };
}

/** The key of the group, and the rest. */
export function parted(key: string): readonly [group: string, rest: string] {
  let at = -1;
  for (let i = 0; i < 3; i += 1) at = key.indexOf('|', at + 1);
  return [key.slice(0, at), key.slice(at + 1)];
}

/** From the rest of the key, and what is stored with it. */
export function askedIn(rest: string, values: Row['values']): Asked {
  const [client = '', method = '', ...path] = rest.split('|');
  return {
    clientId: client === '' ? null : client,
    method,
    path: path.join('|').slice(0, PATH_CHARACTERS),
    firstAt: values.gpt0 ?? 0,
    starts: values.conn_cnt ?? 0,
    answered: values.gpc0 ?? 0,
  };
}

export function answeredIn(rest: string): Answered {
  const [client = '', status = '', step] = rest.split('|');
  return {
    clientId: client === '' ? null : client,
    status: Number(status.replace('L', '')),
    isLate: status.startsWith('L'),
    ms: msOf(Number(step)),
  };
}

/** Steps of 10 µs below 10 ms, 100 µs below 100 ms, 1 ms above; each goes on where the one before ends. */
const STEPS = [
  { fromUs: 100_000, us: 1_000, skipped: 1800 },
  { fromUs: 10_000, us: 100, skipped: 900 },
  { fromUs: 0, us: 10, skipped: 0 },
] as const;

/** The step of a time, as HAProxy's rules have it. */
export function stepOf(us: number): number {
  const step = STEPS.find(({ fromUs }) => us >= fromUs) ?? STEPS[2];
  return Math.floor(us / step.us) + step.skipped;
}

/** The middle of a step, in ms. */
export function msOf(step: number): number {
  const found = STEPS.find(({ fromUs, us, skipped }) => step >= fromUs / us + skipped) ?? STEPS[2];
  return ((step - found.skipped + 0.5) * found.us) / 1000;
}

const LINE = /^(\S+) (\d+) (-?\d+) (\S+) \+?(-?\d+) (-?\d+) (\S+) (\d+) \S+ (\S+) (.*)$/s;

/** Null for a line that is of no counted request. */
export function endedIn(line: string, deadlineUsOf: (regime: number) => number): Ended | null {
  const [, us = '-', at, status, cause = '', retries, answer, server = '', t0, trace = '', key = ''] =
    LINE.exec(line) ?? [];
  const [group, rest] = parted(key.trimEnd());
  const kind = kindIn(group);
  if (kind === null) return null;
  const [client = '', method = '', ...path] = rest.split('|');
  const late = Number(us) >= 10_000 && Number(us) > deadlineUsOf(kind.regime) ? 'L' : '';
  return {
    kind,
    clientId: client === '' ? null : client,
    startedAt: Number(t0) / 1000,
    headMs: us === '-' ? null : Number(us) / 1000,
    answer: us === '-' ? null : `${client}|${late}${Number(status)}|${stepOf(Number(us))}`,
    endedAt: Number(at) / 1000,
    status: Number(status),
    cause,
    retries: Number(retries),
    answerMs: Number(answer),
    server,
    traceId: trace.replaceAll('-', ''),
    method,
    path: path.join('|').slice(0, PATH_CHARACTERS),
  };
}
