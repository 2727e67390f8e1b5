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
  // What was stored since, or by a commit that nobody heard of, is not in this evidence.
  const ticks = Math.min(kept.count, told);
  if (told > 0 && ticks === 0) {
    throw new Failure(
      'not-found',
      `${name} has no ticks any more: those of the newest 20 releases of a service are kept.`,
    );
  }
  const { id, salt, service } = release;
  const { params, hash: parameters } = judge;
  const head = headerLine({ release: id, salt, params, parameters, ticks, missing: told - ticks });
  return textsOf(head, kept.batches, ticks, service);
}

async function* textsOf(
  head: string,
  batches: KeptTicks['batches'],
  count: number,
  service: string,
): AsyncGenerator<string> {
  yield `${head}\n`;
  const linesOf = tickLines(service);
  let left = count;
  for await (const ticks of batches) {
    const lines = ticks.slice(0, left).flatMap(linesOf);
    left -= Math.min(left, ticks.length);
    if (lines.length > 0) yield `${lines.join('\n')}\n`;
  }
}
