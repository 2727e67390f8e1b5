// Follows one release to its end by asking again and again, so that a lost connection changes nothing but the picture.
import type { Client } from '../../api/client.ts';
import { Unreachable } from '../../api/tables.ts';
import type { ReleaseView } from '../../api/views.ts';
import { Failure } from '../../core/failure.ts';
import type { Call } from '../call.ts';

/** Who is told what is seen. */
export type Watcher = {
  /** A new look; called again without news, so that times move on. */
  show(view: ReleaseView): void;
  /** Nobody has answered since then, ms since 1970. */
  lost(since: number): void;
  /** Called once, whatever the end. */
  close(): void;
};

export type Watched = { readonly view: ReleaseView; readonly why: 'over' | 'timeout' | 'interrupted' };

export type FollowOptions = {
  /** Gives up waiting, not the release; null = never. */
  readonly timeoutMs: number | null;
  /** Time between two looks. */
  readonly everyMs: number;
  /** Stops watching, besides Ctrl-C. */
  readonly stop: AbortSignal;
};

/** Without an answer for so long the watch ends, and says so. The release does not need it. */
const LOST_LIMIT_MS = 120_000;

/** Ends with the release, after `timeoutMs`, or at a stop. Failures: `Unreachable` after two minutes of silence, and what the API answers. */
export async function follow(
  call: Call,
  client: Pick<Client, 'release'>,
  first: ReleaseView,
  watcher: Watcher,
  options: FollowOptions,
): Promise<Watched> {
  const { clock } = call;
  const stop = AbortSignal.any([call.interrupt(), options.stop]);
  const startedAt = clock.now();
  let view = first;
  let heardAt = startedAt;
  try {
    watcher.show(view);
    while (!view.isOver) {
      if (stop.aborted) return { view, why: 'interrupted' };
      const left = options.timeoutMs === null ? options.everyMs : startedAt + options.timeoutMs - clock.now();
      if (left <= 0) return { view, why: 'timeout' };
      await clock.sleep(Math.min(options.everyMs, left), stop);
      if (stop.aborted) return { view, why: 'interrupted' };
      try {
        view = await client.release(first.id);
        heardAt = clock.now();
        watcher.show(view);
      } catch (error) {
        if (isForgotten(error)) {
          view = replaced(view, clock.now());
          watcher.show(view);
          continue;
        }
        if (!isGlitch(error) || clock.now() - heardAt > LOST_LIMIT_MS) throw error;
        watcher.lost(heardAt);
      }
    }
    return { view, why: 'over' };
  } finally {
    watcher.close();
  }
}

/** Of a release that was overtaken while it waited for its turn, nothing is kept. */
export function isForgotten(error: unknown): boolean {
  return error instanceof Failure && error.code === 'not-found';
}

function replaced(view: ReleaseView, now: number): ReleaseView {
  const sentence = `v${view.version} of ${view.service} was never started: a newer version took its place.`;
  return { ...view, state: 'failed', isOver: true, endedAt: now, nextWeight: null, nextInMs: null, sentence };
}

/** May be over at the next look: the control plane restarts, or is busy. */
export function isGlitch(error: unknown): boolean {
  if (error instanceof Unreachable) return true;
  return error instanceof Failure && (error.code === 'unavailable' || error.code === 'timeout');
}
