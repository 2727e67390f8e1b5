// One measurement by wrk, and what it says.
import { run } from './child.ts';

export type Load = {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Connections that failed, and requests that were not answered in time. */
  readonly errors: number;
  /** Answers with a status other than 2xx and 3xx. */
  readonly refused: number;
};

const CONNECTIONS = 64;

export const WRK_ARGS = ['-t1', `-c${CONNECTIONS}`, '--latency'];

export async function sendLoad(port: number, seconds: number, signal: AbortSignal): Promise<Load> {
  return readLoad(await run('wrk', [...WRK_ARGS, `-d${seconds}s`, `http://127.0.0.1:${port}/hello`], signal));
}

const UNIT_US: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000, m: 60_000_000 };

/** Throws when the text is not wrk's. */
function readLoad(text: string): Load {
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  return {
    requests: numberIn(text, /(\d+) requests in/),
    perSecond: numberIn(text, /Requests\/sec:\s+([\d.]+)/),
    p50Us: timeIn(text, 50),
    p99Us: timeIn(text, 99),
    errors: (errors ?? []).slice(1).reduce((sum, count) => sum + Number(count), 0),
    refused: Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0),
  };
}

function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`wrk did not say ${pattern}:\n${text}`);
  return Number(found);
}

function timeIn(text: string, percent: number): number {
  const [, amount, unit] = new RegExp(`\\b${percent}%\\s+([\\d.]+)(us|ms|s|m)`).exec(text) ?? [];
  if (amount === undefined) throw new Error(`wrk did not say its ${percent}% latency:\n${text}`);
  return Number(amount) * (UNIT_US[unit ?? ''] ?? Number.NaN);
}
