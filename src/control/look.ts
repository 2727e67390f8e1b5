// The look at the world that a turn decides on.
import type { KnownLines } from '../core/blame.ts';
import { Failure, sentenceOf } from '../core/failure.ts';
import { isUnused, type Memory, type World } from '../core/turn.ts';
import { slide, type Window } from '../core/window.ts';
import type { Balancer } from '../ports/balancer.ts';
import type { Certificates } from '../ports/certificates.ts';
import type { InstanceSeen, Runtime } from '../ports/runtime.ts';
import { lookAtCertificates } from './certificates.ts';

export type Looked = {
  readonly world: World;
  readonly instances: readonly InstanceSeen[];
  readonly window: Window;
  /** What could not be seen, in sentences. */
  readonly problems: readonly string[];
};

/** When something begins: by the wall clock, by the one that never jumps, and how long since memory was changed (0 at first). */
export type Moment = { readonly now: number; readonly at: number; readonly elapsedMs: number };

/** Throws what the runtime throws: without instances nothing can be decided. A balancer that is away is seen as null. */
export async function look(
  runtime: Runtime,
  balancer: Balancer,
  memory: Memory,
  window: Window,
  { now, elapsedMs }: Moment,
  troubles: Readonly<Record<string, string>>,
  failureLines: KnownLines,
  certificates?: Certificates,
): Promise<Looked> {
  const instances = await runtime.list();
  const internalHosts = (await runtime.internalHosts?.()) ?? [];
  const problems: string[] = [];
  const ask = async <T>(question: () => Promise<T>): Promise<T | null> => {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problems.push(sentenceOf(error));
      return null;
    }
  };
  const seen =
    memory.table.revision === 0 || isUnused(memory.table, memory.services) ? null : await ask(() => balancer.look());
  const observations = seen && (await ask(() => balancer.observe(memory.cursor)));
  const world: World = {
    now,
    elapsedMs,
    instances,
    internalHosts,
    balancer: seen,
    observations,
    certificates: await ask(() => lookAtCertificates(certificates, memory, seen)),
    lastLines: (await ask(() => lastLines(runtime, memory, instances))) ?? {},
    failureLines,
    troubles,
  };
  return { world, instances, window: slide(window, observations), problems };
}

/** The last words of candidates, and of a promoted version that is watched, that are not ready or are being taken back. */
async function lastLines(
  runtime: Runtime,
  memory: Memory,
  instances: readonly InstanceSeen[],
): Promise<World['lastLines']> {
  const lines: Record<string, readonly string[]> = {};
  for (const one of instances) {
    const service = memory.services[one.service];
    const release = service?.release;
    if ((release ?? service?.watch)?.version !== one.version) continue;
    if (one.state !== 'ready' || release?.phase === 'rolling_back') lines[one.id] = await runtime.tail(one.id, 20);
  }
  return lines;
}
