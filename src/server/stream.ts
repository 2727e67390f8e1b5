// An answer that goes on: pulled by its reader, never quiet for long, bounded in memory, dropped when nobody reads.
import { Failure } from '../core/failure.ts';

export type StreamOptions = {
  /** Sent at once, and whenever nothing else was sent for `heartbeatMs`. */
  readonly heartbeat: string;
  readonly heartbeatMs: number;
  /** A reader that takes nothing for so long is dropped. */
  readonly stallMs: number;
  /** Cuts the connection of a reader that is dropped; without it the stream fails. */
  readonly drop?: (() => void) | undefined;
  /** Called once, however the stream ends. */
  readonly onEnd: () => void;
};

/** The frames of `source` as bytes. Each is asked for when the one before was taken, so a slow reader makes nothing pile up. */
export function streamOf(
  source: (signal: AbortSignal) => AsyncIterable<string>,
  { heartbeat, heartbeatMs, stallMs, drop, onEnd }: StreamOptions,
): { readonly stream: ReadableStream<Uint8Array>; readonly end: () => void } {
  const encoder = new TextEncoder();
  const stop = new AbortController();
  const frames = source(stop.signal)[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<string>> | null = null;
  let stall: NodeJS.Timeout | undefined;
  const end = () => {
    clearTimeout(stall);
    if (stop.signal.aborted) return;
    stop.abort();
    next?.catch(() => {});
    frames.return?.().catch(() => {});
    onEnd();
  };
  let close = () => {};
  let fail = (_: Failure) => {};
  const expectReader = () => {
    clearTimeout(stall);
    stall = setTimeout(() => {
      end();
      if (drop) drop();
      else fail(new Failure('timeout', `The reader took nothing for ${stallMs / 1000} s.`));
    }, stallMs);
  };
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      close = () => controller.close();
      fail = (failure) => controller.error(failure);
      controller.enqueue(encoder.encode(heartbeat));
      expectReader();
    },
    async pull(controller) {
      clearTimeout(stall);
      next ??= frames.next();
      try {
        const got = await orSilence(next, heartbeatMs);
        if (stop.signal.aborted) return;
        if (got !== null) next = null;
        if (got?.done) {
          end();
          close();
          return;
        }
        controller.enqueue(encoder.encode(got === null ? heartbeat : got.value));
        expectReader();
      } catch (error) {
        end();
        throw error;
      }
    },
    cancel: end,
  });
  const endNow = () => {
    if (stop.signal.aborted) return;
    end();
    close();
  };
  return { stream, end: endNow };
}

async function orSilence<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}

export type Streams = {
  /** Failure: `unavailable` (too many are open). */
  open(
    source: (signal: AbortSignal) => AsyncIterable<string>,
    heartbeat: string,
    drop?: () => void,
  ): ReadableStream<Uint8Array>;
  /** Ends all that are open, so that their readers come back to whoever takes over. */
  endAll(): void;
};

/** Everything that streams now, at most `most` at once. */
export function createStreams(most: number, heartbeatMs: number, stallMs: number): Streams {
  const ends = new Set<() => void>();
  return {
    open(source, heartbeat, drop) {
      if (ends.size >= most) {
        throw new Failure('unavailable', `There are ${most} streams already, more are not served.`, {
          hint: 'Close some of them: pages, `friday status -w`, `friday logs -f`.',
        });
      }
      const onEnd = () => ends.delete(end);
      const { stream, end } = streamOf(source, { heartbeat, heartbeatMs, stallMs, drop, onEnd });
      ends.add(end);
      return stream;
    },
    endAll() {
      for (const end of ends) end();
    },
  };
}
