// One release as it happens, or as it went: the sentence first, then the traffic, the evidence, and who did what.
import { useEffect } from 'preact/hooks';
import type { ReleaseView } from '../../../src/api/views.ts';
import { aboutText, countText, momentText, spanText, utcText, weightText } from '../format.ts';
import { now } from '../live.ts';
import { isTakenBackLater, type Mark, releaseMark } from '../marks.ts';
import { Journal } from '../parts/journal.tsx';
import { Lost } from '../parts/lost.tsx';
import { Acts } from '../release/acts.tsx';
import { Changes } from '../release/changes.tsx';
import { Evidence } from '../release/evidence.tsx';
import { Failures } from '../release/failures.tsx';
import { Latency } from '../release/latency.tsx';
import { close, cursor, journal, open, problem, receipt, release } from '../release/model.ts';
import { River } from '../release/river.tsx';
import { Slider } from '../release/slider.tsx';
import { tell } from '../title.ts';

export function ReleasePage({ id }: { id: number }) {
  useEffect(() => {
    void open(id);
    return close;
  }, [id]);
  const view = release.value;
  useEffect(() => {
    if (view) tell(`${view.service} v${view.version}, ${releaseMark(view).word.toLowerCase()}`, releaseMark(view));
  }, [view?.id, view?.state]);
  if (!view) return <Lost problem={problem.value} what={`release ${id}`} />;
  return (
    <main class="release">
      <Head view={view} />
      <Verdict view={view} />
      <River view={view} />
      <Slider view={view} />
      <div class="grid">
        <Evidence view={view} />
        <Latency view={view} />
      </div>
      <div class="grid loose">
        <Failures view={view} />
        <section class="panel" aria-labelledby="journal-title">
          <h2 id="journal-title">What happened</h2>
          <Journal events={journal.value} isLong />
        </section>
      </div>
      <Receipt view={view} />
      <Changes id={view.id} />
    </main>
  );
}

function Head({ view }: { view: ReleaseView }) {
  const mark = releaseMark(view);
  const isMoving = !view.isOver && view.weight > 0;
  return (
    <div class="head">
      <h1>
        <a href={`/services/${encodeURIComponent(view.service)}`}>{view.service}</a>
      </h1>
      <span class="ver">
        {view.from !== null && (
          <>
            <span class="v-s">v{view.from}</span> →{' '}
          </>
        )}
        <span class="v-c">v{view.version}</span>
      </span>
      <span class={`pill tone-${mark.tone}`}>
        <span aria-hidden="true">{mark.glyph}</span> {mark.word}
        {isMoving && `, ${weightText(view.weight)}`}
      </span>
      <About view={view} mark={mark} />
      <Acts view={view} />
    </div>
  );
}

function About({ view }: { view: ReleaseView; mark: Mark }) {
  const lasted = view.isOver
    ? `after ${spanText((view.endedAt ?? view.requestedAt) - view.requestedAt)}`
    : `${spanText(now.value - view.requestedAt)} so far`;
  return (
    <span class="mute about" title={`Asked for at ${utcText(view.requestedAt)}`}>
      {lasted} · {shortLabel(view.candidate.label)} by {view.by}
      {view.isOver && ` · ${momentText(view.requestedAt, now.peek())}`}
    </span>
  );
}

function shortLabel(label: string): string {
  return label.length > 18 ? `${label.slice(0, 16)}…` : label || 'no label';
}

/** Sentences that begin with so many letters alike say the same, one of them a moment earlier. */
const ALIKE = 20;

/** What is happening, why, and what comes next. Told to a screen reader when it changes in kind, not with each number. */
function Verdict({ view }: { view: ReleaseView }) {
  const isBad =
    view.state === 'rolled_back' || view.state === 'failed' || view.state === 'rolling_back' || isTakenBackLater(view);
  const [first, then] = sentencesOf(view);
  const said = receipt.value?.sentence ?? '';
  const isOwn = cursor.value !== null;
  const isSaid = said === '' || `${first} ${then}`.includes(said.slice(0, ALIKE));
  const why = isOwn || !isSaid ? said : '';
  return (
    <>
      <p class="verdict">
        <b class={isOwn ? '' : isBad ? 's-bad' : ''}>{isOwn ? 'At this moment:' : first}</b> {!isOwn && then} {why}{' '}
        {!isOwn && <Next view={view} />}
        {view.reason !== '' && <span class="reason"> “{brief(view.reason)}”</span>}
      </p>
      <p class="sr" aria-live="polite">
        {`${releaseMark(view).word}: ${view.service} v${view.version}${view.isOver ? '' : `, ${weightText(view.weight)}`}`}
      </p>
    </>
  );
}

/** People may give half a page; the journal below has all of it. */
const MOST_REASON = 240;

function brief(reason: string): string {
  return reason.length > MOST_REASON ? `${reason.slice(0, MOST_REASON - 1).trimEnd()}…` : reason;
}

/** The end first when there is one: what became of it, and why. */
function sentencesOf(view: ReleaseView): readonly [string, string] {
  if (isTakenBackLater(view))
    return [`v${view.version} of ${view.service} was promoted and taken back later.`, view.receipt?.sentence ?? ''];
  const begun = view.weights.find((one) => one.weight > 0)?.at;
  if (view.state === 'promoted' && view.from !== null && begun !== undefined && view.endedAt !== null)
    return [
      `v${view.version} was promoted after ${spanText(view.endedAt - begun)}.`,
      view.watch === null ? '' : view.sentence,
    ];
  const isBack = view.comparison === undefined && (view.state === 'rolled_back' || view.state === 'rolling_back');
  if (!isBack || /rolled back|rolls back/.test(view.sentence)) return [view.sentence, ''];
  const last = view.weights.findLast((one) => one.weight > 0);
  const end = view.weights.findLast((one) => one.weight === 0)?.at ?? view.endedAt;
  if (begun === undefined || last === undefined || end === null)
    return [`v${view.version} was rolled back.`, view.sentence];
  return [
    `v${view.version} was rolled back after ${spanText(end - begun)} at ${weightText(last.weight)}.`,
    view.sentence,
  ];
}

function Next({ view }: { view: ReleaseView }) {
  if (view.isOver) {
    const dropped = view.refused === 0 ? '0 requests were refused' : `${countText(view.refused)} requests were refused`;
    return view.candidate.requests === 0 ? null : (
      <>
        {countText(view.candidate.requests)} requests reached v{view.version}; {dropped} while it lasted.
      </>
    );
  }
  if (view.nextWeight !== null && view.nextInMs !== null && view.state === 'ramping') {
    const weight = view.nextWeight >= 100 ? 'all traffic' : weightText(view.nextWeight);
    return (
      <>
        Next is {weight} in <b>{aboutText(view.nextInMs)}</b> at the earliest.
      </>
    );
  }
  // Who waits for traffic says how much in the first sentence.
  if (view.neededRequests !== null && view.neededRequests > 0 && view.state !== 'waiting_for_traffic') {
    return (
      <>
        It still needs <b>{countText(view.neededRequests)} requests</b>
        {eta(view)}.
      </>
    );
  }
  return null;
}

/** How long the missing requests take at what the new version gets now. */
function eta(view: ReleaseView): string {
  const rate = view.candidate.traffic?.requestsPerSecond ?? 0;
  if (rate <= 0 || view.neededRequests === null) return '';
  return `, ${aboutText((view.neededRequests / rate) * 1000)} at this traffic`;
}

function Receipt({ view }: { view: ReleaseView }) {
  const now = receipt.value;
  if (!now) return null;
  return (
    <details class="receipt panel">
      <summary>The receipt: rules, odds and what they rest on</summary>
      <dl>
        <dt>Word</dt>
        <dd>{now.kind}</dd>
        <dt>Odds</dt>
        <dd>
          {now.odds}, limit {now.limit}; at most {Number((now.alpha * 100).toFixed(1))}% of good releases are ever taken
          back
        </dd>
        <dt>Harm bound</dt>
        <dd>95% sure: at most {Number((now.harmBound * 100).toFixed(2))} percentage points more requests fail</dd>
        <dt>Passes</dt>
        <dd>
          by the rule {now.rules.passRule}, from {countText(now.rules.minRequests)} requests a step on, odds below{' '}
          {now.rules.calmBelow}
        </dd>
        <dt>Compared</dt>
        <dd>
          {countText(now.strata)} strata, engine {now.engine}, {now.unit}s
        </dd>
        <dt>Split</dt>
        <dd>{now.splitOdds === null ? 'as asked' : `not as asked, odds ${now.splitOdds}`}</dd>
        <dt>Parameters</dt>
        <dd class="mono">{now.parameters}</dd>
        <dt>Salt</dt>
        <dd class="mono">{now.salt}</dd>
        <dt>Again</dt>
        <dd class="mono">friday replay {view.id}</dd>
      </dl>
    </details>
  );
}
