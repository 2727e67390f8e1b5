// Keeps asking one instance whether it is ready, quickly until it is, then at its own pace.
import type { Readiness } from '../../../../core/spec/project.ts';
import { type Asked, probe } from './probe.ts';

export type ReadinessWatch = {
  /** Empty when ready, else why not, in words. */
  reason(): string;
  /** Resolves with the first answer, whatever it is. */
  readonly first: Promise<void>;
  close(): void;
};

/** Failures in a row that make a ready instance unready, where the spec has no number of its own. */
const RETRIES = 3;
const QUICK_MS = 150;
const QUICK_COMMAND_MS = 500;
const QUICK_ATTEMPTS = 60;
const SLOW_MS = 1000;

/**
 * Starts asking at once. `wasReady`: it was ready for an earlier control plane, and stays so until it failed often
 * enough. `onTurn` is called whenever it becomes ready or unready.
 */
export function watchReadiness(asked: Asked, wasReady: boolean, onTurn: (isReady: boolean) => void): ReadinessWatch {
  const { readiness } = asked;
  if (readiness.type === 'running') {
    const soon = wasReady ? undefined : setImmediate(() => onTurn(true));
    return { reason: () => '', first: Promise.resolve(), close: () => clearImmediate(soon) };
  }
  const retries = readiness.type === 'command' ? Math.max(1, readiness.retries) : RETRIES;
  const end = new AbortController();
  let reason = wasReady ? '' : 'it was just started and was not asked yet';
  let failures = 0;
  let attempts = 0;
  let timer: NodeJS.Timeout | undefined;

  const ask = async () => {
    const answer = await probe(asked, end.signal);
    if (end.signal.aborted) return;
    failures = answer === '' ? 0 : failures + 1;
    const isReady = answer === '' || (reason === '' && failures < retries);
    const hasTurned = isReady !== (reason === '');
    attempts = isReady ? 0 : attempts + 1;
    reason = isReady ? '' : answer;
    timer = setTimeout(ask, pause(readiness, isReady, attempts));
    timer.unref();
    if (hasTurned) onTurn(isReady);
  };
  return {
    reason: () => reason,
    first: ask(),
    close: () => {
      clearTimeout(timer);
      end.abort();
    },
  };
}

/** Milliseconds until the next question. */
function pause(readiness: Exclude<Readiness, { type: 'running' }>, isReady: boolean, attempts: number): number {
  if (isReady) return readiness.intervalMs;
  const quick = readiness.type === 'command' ? QUICK_COMMAND_MS : QUICK_MS;
  return Math.min(readiness.intervalMs, attempts < QUICK_ATTEMPTS ? quick : SLOW_MS);
}
