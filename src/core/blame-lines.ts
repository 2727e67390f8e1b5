// Which log line an instance wrote about a failed request. Pure: lines in, at most one line for each request out.
import { sampleKey } from './blame.ts';
import type { FailedRequest } from './traffic.ts';

/** A line as the logs give it; `at` is exact to a second. */
export type WrittenLine = {
  readonly at: number;
  readonly instance: string;
  readonly level: 'error' | 'warn' | 'info' | 'debug' | null;
  readonly text: string;
};

const MOST_CHARACTERS = 200;
const SECOND = 1000;
/** Frames of a stack above the one that names the trace. */
const MOST_FRAMES = 50;

/** The whole seconds in which a request was under way, ms since 1970. */
export function spanOf({ at, ms }: Pick<FailedRequest, 'at' | 'ms'>): { readonly from: number; readonly to: number } {
  return { from: Math.floor(at / SECOND) * SECOND, to: Math.floor((at + ms) / SECOND) * SECOND + SECOND - 1 };
}

/**
 * For each request by `sampleKey`: the first error that names its trace, else the first line that does so and does not
 * call itself harmless, else the first error of its instance in its seconds, else any line that names its trace; null
 * without one. Without a trace id in the line it may be about another request of that second.
 */
export function linesFor(
  samples: readonly FailedRequest[],
  written: readonly WrittenLine[],
): Readonly<Record<string, string | null>> {
  const byInstance = Map.groupBy(written, (line) => line.instance);
  return Object.fromEntries(
    samples.map((sample) => {
      const line = lineFor(sample, byInstance.get(sample.instance) ?? []);
      return [sampleKey(sample), line && shortOf(line.text, sample.traceId)];
    }),
  );
}

function lineFor(sample: FailedRequest, lines: readonly WrittenLine[]): WrittenLine | null {
  const { from, to } = spanOf(sample);
  const traced = sample.traceId === '' ? [] : lines.filter((line) => line.text.includes(sample.traceId));
  const found =
    traced.find((line) => line.level === 'error') ??
    traced.find((line) => line.level === null || line.level === 'warn') ??
    lines.find((line) => line.level === 'error' && line.at >= from && line.at <= to) ??
    traced[0];
  return found ? headOf(found, lines) : null;
}

/** A trace that stands at the end of a stack is about the line on its top. */
function headOf(found: WrittenLine, lines: readonly WrittenLine[]): WrittenLine {
  let place = lines.indexOf(found);
  for (let steps = 0; steps < MOST_FRAMES && /^\s/.test(lines[place]?.text ?? ''); steps += 1) place -= 1;
  const head = lines[place];
  return head && !/^\s/.test(head.text) ? head : found;
}

/** What the line says without its frame: of a JSON line the message, and no trace id, time or level in front. */
export function shortOf(text: string, traceId: string): string | null {
  const said = messageIn(text) ?? text;
  const bare = (traceId === '' ? said : said.replace(tracePattern(traceId), ''))
    .replace(/^\[?\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\]?\s*/, '')
    .replace(/^\[?(?:ERROR|ERR|FATAL|WARN)\]?:?\s+/, '')
    .trim();
  if (bare === '') return null;
  return bare.length <= MOST_CHARACTERS ? bare : `${bare.slice(0, MOST_CHARACTERS - 1)}…`;
}

/** The id with the word before it, and with what a `traceparent` has around it. Source: W3C Trace Context, section 3.2. */
function tracePattern(traceId: string): RegExp {
  const id = traceId.replace(/[^0-9A-Za-z]/g, '.');
  return new RegExp(
    `[ ,;([]*\\b(?:trace(?:[_-]?(?:id|parent))?["']?\\s*[=:]?\\s*["']?)?(?:[0-9a-f]{2}-)?${id}(?:-[0-9a-f]{16}-[0-9a-f]{2})?["')\\]]*`,
    'gi',
  );
}

function messageIn(text: string): string | null {
  if (!text.startsWith('{')) return null;
  try {
    const { err, error, msg, message } = JSON.parse(text) as Record<string, unknown>;
    const cause = [err, error].map(wordsOf).find((one) => one !== null) ?? null;
    return cause ?? wordsOf(msg) ?? wordsOf(message);
  } catch {
    return null;
  }
}

/** An error as loggers write it, or plain text. */
function wordsOf(value: unknown): string | null {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value !== 'object' || value === null) return null;
  const { type, name, message } = value as Record<string, unknown>;
  if (typeof message !== 'string') return null;
  const kind = typeof type === 'string' ? type : typeof name === 'string' ? name : null;
  return kind === null || message.startsWith(kind) ? message : `${kind}: ${message}`;
}
