// The body of every answer that is not a success: a problem after RFC 9457, to and from a Failure.
import { Failure, type FailureCode, type FailureDetail, type Position } from '../core/failure.ts';
import { HTTP } from './tables.ts';

/** `application/problem+json`. The members after `detail` are extensions (RFC 9457, section 3.2). */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: FailureCode;
} & FailureDetail;

export const PROBLEM_TYPE = 'application/problem+json';

/** The problem of a failure. `status` is given where HTTP knows a narrower one than the table. */
export function problemOf(failure: Failure, status = HTTP[failure.code].status): Problem {
  const { hint, evidence, position } = failure.detail;
  return {
    type: `urn:fridaymorning:problem:${failure.code}`,
    title: HTTP[failure.code].title,
    status,
    detail: failure.message,
    code: failure.code,
    ...(hint === undefined ? {} : { hint }),
    ...(evidence === undefined ? {} : { evidence }),
    ...(position === undefined ? {} : { position }),
  };
}

/** The failure behind an answer with `status`; bodies of strangers (a proxy in between) are read as far as they go. */
export function failureOf(status: number, body: string): Failure {
  const problem = membersOf(body);
  const said = body.trim().slice(0, 200);
  const fallback = `The control plane answered ${status}${said ? `: ${said}` : ''}.`;
  const message = typeof problem.detail === 'string' ? problem.detail : fallback;
  return new Failure(isCode(problem.code) ? problem.code : codeOf(status), message, detailOf(problem));
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(body: string): Members {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function isCode(code: unknown): code is FailureCode {
  return typeof code === 'string' && Object.hasOwn(HTTP, code);
}

function detailOf({ hint, evidence, position }: Members): FailureDetail {
  return {
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(Array.isArray(evidence) ? { evidence: evidence.map(String) } : {}),
    ...(isPosition(position) ? { position } : {}),
  };
}

function isPosition(value: unknown): value is Position {
  if (typeof value !== 'object' || value === null) return false;
  const { file, line, column, source } = value as Partial<Position>;
  return [file, source].every((one) => typeof one === 'string') && [line, column].every(Number.isInteger);
}

function codeOf(status: number): FailureCode {
  if (status === 401 || status === 403) return 'refused';
  if (status === 404) return 'not-found';
  if (status === 409) return 'conflict';
  if (status === 408 || status === 504) return 'timeout';
  return status < 500 ? 'invalid' : 'unavailable';
}
