// What HAProxy notes of a request, and what its line says when it has ended.
import type { Arm } from '../../../../core/traffic.ts';

/** What was decided for a request when it came. */
export type Noted = {
  readonly id: string;
  /** Number of the routing under which it was assigned. */
  readonly regime: number;
  readonly arm: Arm;
  readonly isOutside: boolean;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly isUpgrade: boolean;
  /** Its body had not come whole with its head. */
  readonly isUploading: boolean;
  readonly isRefused: boolean;
  readonly clientId: string | null;
  readonly traceId: string;
  readonly method: string;
  readonly path: string;
};

export type Ended = {
  readonly noted: Noted;
  /** Time to the head of the instance's answer in ms; null when none came. */
  readonly headMs: number | null;
  readonly endedAt: number;
  readonly status: number;
  /** How it ended, as in HAProxy's logs: who ended it, and in which state. */
  readonly cause: string;
  readonly retries: number;
  /** Time between the last try and the head, in ms; -1 when none came. */
  readonly answerMs: number;
  readonly isEventStream: boolean;
  /** Name of the server that had it last. */
  readonly server: string;
};

const FIELDS = 12;

/** Null for anything else. */
export function notedIn(key: string): Noted | null {
  const fields = key.split('|');
  if (fields.length < FIELDS) return null;
  const [id = '', regime, arm, outside, us, upgrade, uploading, refused, client = '', traceId = '', method = ''] =
    fields;
  const startedAt = Number(us) / 1000;
  if (!(startedAt > 0)) return null;
  return {
    id,
    regime: Number(regime),
    arm: arm === 'c' ? 'candidate' : 'stable',
    isOutside: outside === '1',
    startedAt,
    isUpgrade: upgrade === '1',
    isUploading: uploading === '1',
    isRefused: refused === '1',
    clientId: client === '' ? null : client,
    traceId,
    method,
    path: fields.slice(FIELDS - 1).join('|'),
  };
}

const LINE = /^(\S+) (\d+) (-?\d+) (\S+) \+?(-?\d+) (-?\d+) (\S+) (\S+) (.*)$/s;

/** Null for a line that is of no counted request. */
export function endedIn(line: string): Ended | null {
  const [, us = '-', at, status, cause = '', retries, answer, stream, server = '', key = ''] = LINE.exec(line) ?? [];
  const noted = notedIn(key.trimEnd());
  if (noted === null) return null;
  return {
    noted,
    headMs: us === '-' ? null : Number(us) / 1000,
    endedAt: Number(at) / 1000,
    status: Number(status),
    cause,
    retries: Number(retries),
    answerMs: Number(answer),
    isEventStream: stream === '1',
    server,
  };
}
