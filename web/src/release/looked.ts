// Which failed requests somebody looks at: as they were known when they were asked for, so that nothing moves under the eye.
import { signal } from '@preact/signals';
import type { BlameView } from '../../../src/api/receipt-views.ts';
import type { ReleaseView } from '../../../src/api/views.ts';
import { clockText } from '../format.ts';
import { type Failed, failedAt, failedOf } from './failed.ts';
import type { Dot } from './shape.ts';

export type Looked = {
  readonly title: string;
  /** What is to be known before reading them. */
  readonly words: string;
  /** What an instance wrote about one of them. */
  readonly line: string | null;
  readonly view: Pick<ReleaseView, 'service'>;
  readonly failed: readonly Failed[];
};

export const looked = signal<Looked | null>(null);

export function lookAtGroup(view: ReleaseView, group: BlameView): void {
  const { route, words, line } = group;
  looked.value = { title: route, words: `${words}.`, line, view, failed: failedOf(view.samples, group) };
}

export function lookAtDot(view: ReleaseView, dot: Dot, stepMs: number): void {
  const { isExact, failed } = failedAt(view.samples, dot, stepMs);
  const version = dot.isCandidate ? view.version : view.from;
  looked.value = {
    title: `Failed on v${version} at ${clockText(dot.at)}`,
    words:
      isExact || failed.length === 0
        ? ''
        : 'Of that second only the count is kept. These are the nearest that are kept whole:',
    line: null,
    view,
    failed,
  };
}
