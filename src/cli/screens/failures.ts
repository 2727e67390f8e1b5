// Failed requests of a release, grouped into what a person can look for, and the last words of its instances.
import type { ReleaseView } from '../../api/views.ts';
import { count } from '../output/numbers.ts';
import type { Paint } from '../output/paint.ts';
import { cleaned, cut, padEnd, widthOf } from '../output/text.ts';

export type FailureGroup = {
  readonly method: string;
  readonly path: string;
  readonly what: string;
  readonly onCandidate: number;
  readonly onStable: number;
};

type Sample = ReleaseView['samples'][number];

const WORDS: Readonly<Record<Sample['failure'], (sample: Sample) => string>> = {
  status: (sample) => String(sample.status),
  timeout: () => 'timed out',
  connection: () => 'connection cut',
  deadline: () => 'no answer',
};

/** A segment that names one thing of many: a number, a UUID, a long hexadecimal id. */
const ID = /^(?:\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,})$/i;

/** Kept failed requests by method, path (ids as `:id`) and failure; the most frequent on the candidate first. */
export function groupFailures(samples: readonly Sample[]): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const sample of samples) {
    const path = cleaned(sample.path)
      .split('/')
      .map((part) => (ID.test(part) ? ':id' : part))
      .join('/');
    const method = cleaned(sample.method);
    const what = WORDS[sample.failure](sample);
    const key = `${method} ${path} ${what}`;
    const before = groups.get(key) ?? { method, path, what, onCandidate: 0, onStable: 0 };
    const isCandidate = sample.arm === 'candidate';
    groups.set(key, {
      ...before,
      onCandidate: before.onCandidate + (isCandidate ? 1 : 0),
      onStable: before.onStable + (isCandidate ? 0 : 1),
    });
  }
  return [...groups.values()]
    .filter((group) => group.onCandidate > 0)
    .sort((a, b) => b.onCandidate - a.onCandidate || a.path.localeCompare(b.path));
}

/** Up to `most` groups under a headline; nothing when the candidate failed no request. */
export function failureLines(view: ReleaseView, paint: Paint, width: number, most: number): string[] {
  const groups = groupFailures(view.samples);
  if (groups.length === 0) return [];
  const kept = groups.reduce((sum, group) => sum + group.onCandidate, 0);
  const total = Math.max(kept, view.candidate.failures);
  const shown = groups.slice(0, most);
  const of = total > kept ? `${count(total)}, of these ${count(kept)} kept` : count(total);
  const methods = Math.max(...shown.map((group) => group.method.length));
  const whats = Math.max(...shown.map((group) => group.what.length));
  const counts = Math.max(...shown.map((group) => times(group.onCandidate).length));
  const only = `only on v${view.version}`;
  const room = width - 2 - methods - 2 - whats - 2 - counts - 2 - only.length - 1;
  const paths = Math.min(Math.max(6, room), Math.max(...shown.map((group) => widthOf(group.path))));
  const rows = shown.map((group) => {
    const where = group.onStable === 0 ? paint.bad(only) : paint.dim('on both');
    const path = padEnd(cut(group.path, paths), paths);
    const what = `${padEnd(group.what, whats)}  ${times(group.onCandidate).padStart(counts)}`;
    return `  ${group.method.padEnd(methods)} ${path}  ${what}  ${where}`;
  });
  const more = groups.length - shown.length;
  return [
    `Failed requests on v${view.version}: ${of}`,
    ...rows,
    ...(more > 0 ? [paint.dim(`  and ${more} more kind${more === 1 ? '' : 's'}`)] : []),
  ];
}

function times(amount: number): string {
  return `${count(amount)}×`;
}

/** The last lines that the candidate wrote, cut to the width. */
export function lastWords(view: ReleaseView, width: number, most: number): string[] {
  if (view.lastLines.length === 0) return [];
  const lines = view.lastLines.slice(-most).map((line) => `  ${cut(cleaned(line).trimEnd(), width - 2)}`);
  return [`Last lines of v${view.version}:`, ...lines];
}
