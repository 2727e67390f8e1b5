// The ticks of one release as text, from what the store keeps of them.
import { Failure } from '../core/failure.ts';
import { headerLine, tickLines } from '../core/ticks/write.ts';
import type { KeptTicks, Store } from '../ports/store.ts';
import type { ReleaseRecord } from './memory.ts';

/** Lines in the format of docs/reference/ticks.md, some at a time. Failure: `not-found` (there are none, or none any more). */
export async function ticksOf(record: ReleaseRecord, store: Pick<Store, 'ticks'>): Promise<AsyncIterable<string>> {
  const { release, evidence } = record;
  const name = `Release ${release.id} (v${release.version} of ${release.service})`;
  const judge = evidence?.judge;
  if (!judge) throw new Failure('not-found', `${name} has no ticks: it was compared with nothing.`);
  const { told } = evidence;
  const kept = await store.ticks(release.id);
  if (told === undefined) {
    throw new Failure('not-found', `${name} has no ticks: it began under a fridaymorning that did not keep them.`);
  }
  if (told > 0 && kept.count === 0) {
    throw new Failure(
      'not-found',
      `The ticks of ${name} are gone: those of the newest 20 releases of a service are kept.`,
    );
  }
  const missing = Math.max(0, told - kept.count);
  const { params, hash } = judge;
  const head = headerLine({
    release: release.id,
    salt: release.salt,
    params,
    parameters: hash,
    ticks: kept.count,
    missing,
  });
  return textsOf(head, kept, release.service);
}

async function* textsOf(head: string, kept: KeptTicks, service: string): AsyncGenerator<string> {
  yield `${head}\n`;
  const linesOf = tickLines(service);
  for await (const ticks of kept.batches) {
    const lines = ticks.flatMap(linesOf);
    if (lines.length > 0) yield `${lines.join('\n')}\n`;
  }
}
