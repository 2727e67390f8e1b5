// From events of the journal to notices: what happened, in the sentence of the journal, with the numbers of the release.
import type { ReleaseView } from '../../api/views.ts';
import type { Event } from '../../core/journal.ts';
import { createLoops, kindOf, type Notice, type NoticeKind } from '../../core/notice.ts';

export type NoticeMaker = (event: Event) => Promise<(Notice & { readonly kind: NoticeKind }) | null>;

export type About = {
  readonly project: string;
  /** Null when it is gone. */
  readonly release: (id: number) => Promise<ReleaseView | null>;
  /** Of the page for others than this machine; null when there is none. */
  readonly publicUrl: () => string | null;
};

export function createNotices({ project, release, publicUrl }: About): NoticeMaker {
  const isLoop = createLoops();
  return async (event) => {
    const kind = isLoop(event) ? 'crash_loop' : kindOf(event);
    const { service, version, at, by, sentence } = event;
    if (kind === null || service === null) return null;
    const id = kind === 'crash_loop' ? null : event.release;
    const view = id === null ? null : await release(id);
    const base = publicUrl();
    return {
      id: `${project}-${event.seq}-${kind}`,
      kind,
      subject: id === null ? `${service}/loop/${version}` : `release/${id}`,
      project,
      service,
      version: view?.version ?? version,
      release: id,
      at,
      by: kind === 'started' ? by : (view?.by ?? by),
      sentence,
      lines: view === null ? [] : linesOf(view, sentence),
      url: base === null ? null : id === null ? `${base}/services/${service}` : `${base}/releases/${id}`,
    };
  };
}

const MOST_BLAMED = 3;

/** Reason, verdict and the failures that are new; never twice what the sentence says. */
function linesOf(view: ReleaseView, sentence: string): string[] {
  const { receipt, candidate, reason, blame } = view;
  const verdict = receipt && receipt.sentence !== sentence && receipt.kind !== 'inconclusive' ? [receipt.sentence] : [];
  const blamed = blame
    .filter((one) => one.mark !== 'seen')
    .slice(0, MOST_BLAMED)
    .map(({ route, status, line, words }) => `${route} ${status || ''} ${line ?? ''} (${words})`.replace(/ +/g, ' '));
  const seen = candidate.requests === 0 ? [] : [`${candidate.requests} requests saw it, ${candidate.failures} failed.`];
  return [...(reason === '' ? [] : [reason]), ...verdict, ...blamed, ...seen].map((line) => line.slice(0, 400));
}
