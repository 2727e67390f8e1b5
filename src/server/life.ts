// How the control plane's process ends: by a signal, by an order, or because nothing is left to do; never by a bug.
import { sentenceOf } from '../core/failure.ts';
import type { Notify } from './notify.ts';
import type { Log } from './refusal.ts';

export type Life = {
  /** Resolves when everything is closed. */
  readonly ended: Promise<void>;
  /** Hands over what has to be closed at the end, last opened first closed. */
  keep(stack: AsyncDisposableStack): void;
  /** Closes it. Idempotent; an end that is asked for while things still open comes right after. */
  stop(why: string): Promise<void>;
};

export function createLife(log: Log, notify: Notify): Life {
  const { promise: kept, resolve: keep } = Promise.withResolvers<AsyncDisposableStack>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let closing: Promise<void> | null = null;
  const close = async (why: string) => {
    log({ level: 'info', message: 'the control plane ends', why });
    await notify.stopping();
    try {
      await (await kept).disposeAsync();
    } catch (error) {
      log({ level: 'error', message: 'not everything could be closed', error: sentenceOf(error) });
    }
    end();
  };
  return {
    ended,
    keep,
    stop: (why) => {
      closing ??= close(why);
      return closing;
    },
  };
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * SIGTERM, SIGINT and SIGHUP end the control plane in order; a second one ends it at once. Whoever listened before
 * listens no more until this is taken back, with the function that it gives.
 */
export function onSignals(stop: (signal: string) => void): () => void {
  let isHeard = false;
  const hear = (signal: NodeJS.Signals) => {
    if (isHeard) process.exit(1);
    isHeard = true;
    stop(signal);
  };
  const before = SIGNALS.map((signal) => [signal, process.listeners(signal)] as const);
  for (const signal of SIGNALS) process.removeAllListeners(signal).on(signal, hear);
  return () => {
    for (const [signal, listeners] of before) {
      process.off(signal, hear);
      for (const listener of listeners) process.on(signal, listener);
    }
  };
}

/** A bug that nobody caught is logged and ends nothing: the next turn starts from what was remembered. */
export function surviveBugs(log: Log): () => void {
  const hear = (error: unknown) => {
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log({ level: 'error', message: 'a bug that nobody caught', error: said });
  };
  process.on('unhandledRejection', hear);
  process.on('uncaughtException', hear);
  return () => {
    process.off('unhandledRejection', hear);
    process.off('uncaughtException', hear);
  };
}

/** Calls `act` once, soon after `isDue` has become true. Gives the way to wait no more. */
export function whenDue(isDue: () => boolean, act: () => void, pollMs: number): () => void {
  const timer = setInterval(() => {
    if (!isDue()) return;
    clearInterval(timer);
    act();
  }, pollMs);
  return () => clearInterval(timer);
}
