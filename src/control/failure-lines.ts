// Finds what instances wrote about failed requests, beside the loop: a slow disk must not hold up a rollback.
import { type KnownLines, sampleKey, unexplained } from '../core/blame.ts';
import { linesFor, spanOf } from '../core/blame-lines.ts';
import type { FailedRequest } from '../core/traffic.ts';
import type { Logs } from '../ports/logs.ts';
import type { ReleaseRecord } from './memory.ts';

/** Failed requests of one service that nobody has an explanation for. */
export type Unexplained = { readonly service: string; readonly samples: readonly FailedRequest[] };

/** Those of the releases that are remembered. */
export function unexplainedIn(records: readonly ReleaseRecord[]): readonly Unexplained[] {
  return records.flatMap(({ release, evidence }) =>
    evidence?.blame ? [{ service: release.service, samples: unexplained(evidence.blame) }] : [],
  );
}

/** What is read in one go: the newest lines of some instances around their failures. */
const INSTANCES_A_ROUND = 4;
const LINES_A_READ = 500;
/** A line may reach its file after the request was counted. */
const TRIES = 3;
const MOST_KNOWN = 1000;

export class FailureLines {
  readonly #logs: Pick<Logs, 'read'> | null;
  readonly #known = new Map<string, string | null>();
  readonly #tries = new Map<string, number>();
  #isReading = false;

  /** Null: nobody keeps what instances write. */
  constructor(logs: Pick<Logs, 'read'> | null) {
    this.#logs = logs;
  }

  /** Everything that was found so far, and what will not be. */
  known(): KnownLines {
    return Object.fromEntries(this.#known);
  }

  /** Begins to look for these, unless it is looking; what it finds is known later. Never throws. */
  ask(unexplained: readonly Unexplained[]): void {
    if (this.#logs === null || this.#isReading) return;
    const wanted = unexplained.flatMap(({ service, samples }) =>
      [...Map.groupBy(samples, (one) => one.instance)]
        .map(([instance, own]) => ({
          service,
          instance,
          samples: own.filter((one) => !this.#known.has(sampleKey(one))),
        }))
        .filter((one) => one.samples.length > 0),
    );
    if (wanted.length === 0) return;
    this.#isReading = true;
    void this.#read(this.#logs, wanted.slice(0, INSTANCES_A_ROUND)).finally(() => {
      this.#isReading = false;
    });
  }

  async #read(
    logs: Pick<Logs, 'read'>,
    wanted: readonly (Unexplained & { readonly instance: string })[],
  ): Promise<void> {
    for (const { service, instance, samples } of wanted) {
      const spans = samples.map(spanOf);
      const sinceMs = Math.min(...spans.map((one) => one.from));
      const untilMs = Math.max(...spans.map((one) => one.to));
      try {
        const written = await logs.read({ service, instance, sinceMs, untilMs, lines: LINES_A_READ });
        for (const [key, line] of Object.entries(linesFor(samples, written))) this.#note(key, line);
      } catch {
        // The failure is shown without its line.
        for (const sample of samples) this.#note(sampleKey(sample), null);
      }
    }
  }

  #note(key: string, line: string | null): void {
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    if (line !== null || tries >= TRIES) {
      this.#known.set(key, line);
      this.#tries.delete(key);
    }
    for (const map of [this.#known, this.#tries]) {
      for (const oldest of map.keys()) {
        if (map.size <= MOST_KNOWN) break;
        map.delete(oldest);
      }
    }
  }
}
