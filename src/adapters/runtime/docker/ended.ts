// How a container ended, from what the engine says of it.
import { constants } from 'node:os';
import type { Exit } from '../../../ports/runtime.ts';
import type { Container } from '../engine/objects.ts';

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number as number, name]));
/** The engine's word for never: 0001-01-01. */
const NEVER_MS = 0;

/** Milliseconds since 1970 of a time of the engine; null for its "never". */
export function momentOf(text: string): number | null {
  const ms = Date.parse(text);
  return ms > NEVER_MS ? ms : null;
}

/** When it began to run; when it was made, if it never ran. */
export function startOf({ State, Created }: Container): number {
  return momentOf(State.StartedAt) ?? momentOf(Created) ?? 0;
}

/** Like a shell, the engine adds 128 to the number of the signal that ended it. */
export function exitOf(container: Container): Exit {
  const { ExitCode, FinishedAt } = container.State;
  const signal = SIGNALS.get(ExitCode - 128) ?? null;
  const at = Math.max(momentOf(FinishedAt) ?? 0, startOf(container));
  return { at, code: signal === null ? ExitCode : null, signal };
}

export function endWords(container: Container): string {
  const { OOMKilled, Error: error, ExitCode } = container.State;
  if (OOMKilled) return 'it used more memory than it may, and was ended by the kernel: see mem_limit';
  if (error !== '') return `it could not be started: ${error}`;
  const { signal } = exitOf(container);
  return signal === null ? `it ended with exit status ${ExitCode}` : `it was ended by ${signal}`;
}
