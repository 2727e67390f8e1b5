// Says what is being waited for while an order takes its time.
import { formatDuration } from '../core/time.ts';
import type { Call } from './call.ts';
import { Painter } from './output/painter.ts';

const QUIET_MS = 400;
const TICK_MS = 1000;

/** Shows `what` on stderr while `work` lasts, with the time on a terminal; nothing for short work. */
export async function whileBusy<T>(call: Call, what: string, work: Promise<T>): Promise<T> {
  const { terminal, clock } = call;
  const over = new AbortController();
  const told = tell(call, what, over.signal);
  try {
    return await work;
  } finally {
    over.abort();
    await told;
  }

  async function tell({ terminal: { streams, tellsProgress } }: Call, text: string, signal: AbortSignal) {
    if (!tellsProgress) return;
    const startedAt = clock.now();
    await clock.sleep(QUIET_MS, signal);
    if (signal.aborted) return;
    if (!terminal.isLive || streams.stderr.isTTY !== true) {
      terminal.say(`${text} …`);
      return;
    }
    const painter = new Painter(streams.stderr);
    while (!signal.aborted) {
      painter.draw([`  ◌ ${text}   ${formatDuration(clock.now() - startedAt)}`]);
      await clock.sleep(TICK_MS, signal);
    }
    painter.finish([]);
  }
}
