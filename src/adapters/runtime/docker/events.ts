// Follows what happens to the containers of a project, and comes back after the engine was away.
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import type { Engine } from '../engine/client.ts';
import { LABEL } from './names.ts';

const Message = z.object({ Action: z.string(), Actor: z.object({ ID: z.string() }) });

export type ContainerEvent = { readonly container: string; readonly action: string };
const RETRY_MS = 1000;
const MOST_CHARACTERS = 1_000_000;
/** Others, such as those of every healthcheck, are not asked for. */
const ACTIONS = ['start', 'kill', 'die', 'oom', 'health_status', 'rename', 'pause', 'unpause', 'destroy'];

/**
 * Calls `onEvent` whenever something happened to a container, and with null when anything may have happened
 * unseen. Ends with the signal; a broken connection is made again.
 */
export async function followEvents(
  engine: Engine,
  project: string,
  onEvent: (event: ContainerEvent | null) => void,
  signal: AbortSignal,
): Promise<void> {
  const filters = JSON.stringify({ type: ['container'], event: ACTIONS, label: [`${LABEL.project}=${project}`] });
  while (!signal.aborted) {
    try {
      const body = await engine.stream('GET', '/events', { query: { filters }, signal });
      onEvent(null);
      let rest = '';
      for await (const chunk of body) {
        const lines = (rest + String(chunk)).slice(-MOST_CHARACTERS).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) onEvent(eventIn(line));
      }
    } catch {
      // The engine is away, which whoever asks it next will be told.
    }
    if (!signal.aborted) onEvent(null);
    await wait(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function eventIn(line: string): ContainerEvent | null {
  try {
    const parsed = Message.safeParse(JSON.parse(line));
    return parsed.success ? { container: parsed.data.Actor.ID, action: parsed.data.Action } : null;
  } catch {
    return null;
  }
}
