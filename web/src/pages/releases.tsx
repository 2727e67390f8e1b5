// All releases, newest first: who, what, why, and what became of it.
import { useEffect, useState } from 'preact/hooks';
import type { ReleaseView } from '../../../src/api/views.ts';
import { api, type Problem } from '../api.ts';
import { countText, momentText, percent, spanText, utcText, weightText } from '../format.ts';
import { now, status } from '../live.ts';
import { releaseMark } from '../marks.ts';
import { Lost } from '../parts/lost.tsx';
import { address, go, searchOf } from '../router.ts';
import { tell } from '../title.ts';

const PAGE = 40;

export function ReleasesPage() {
  const service = searchOf(address.value).get('service') ?? '';
  const [releases, setReleases] = useState<readonly ReleaseView[] | null>(null);
  const [limit, setLimit] = useState(PAGE);
  const [problem, setProblem] = useState<Problem | null>(null);
  const live = status.value?.releases ?? [];
  const moving = live.map((one) => `${one.id} ${one.state}`).join();
  useEffect(() => tell('releases', { glyph: '', word: '', tone: 'mute' }), []);
  useEffect(() => {
    api
      .releases({ ...(service === '' ? {} : { service }), limit })
      .then(setReleases, (error: Problem) => setProblem(error));
  }, [service, limit, moving]);
  if (!releases) return <Lost problem={problem} what="the releases" />;
  const shown = releases.map((one) => live.find(({ id }) => id === one.id) ?? one);
  const names = (status.value?.services ?? []).map((one) => one.name);
  return (
    <main>
      <div class="head">
        <h1>Releases</h1>
        <label class="inline">
          of
          <select
            value={service}
            onChange={(event) =>
              go(
                event.currentTarget.value === ''
                  ? '/releases'
                  : `/releases?service=${encodeURIComponent(event.currentTarget.value)}`,
                true,
              )
            }
          >
            <option value="">all services</option>
            {names.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <section class="panel" aria-label="Releases">
        {shown.length === 0 ? <p class="empty">Nothing was released yet.</p> : <Table releases={shown} />}
        {releases.length === limit && (
          <button type="button" class="link more" onClick={() => setLimit(limit + PAGE)}>
            Show older ones
          </button>
        )}
      </section>
    </main>
  );
}

function Table({ releases }: { releases: readonly ReleaseView[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Releases table">
      <table class="releases">
        <thead>
          <tr>
            {[
              'Release',
              'Version',
              'What became of it',
              'Why',
              'Code',
              'By',
              'When',
              'Lasted',
              'Requests',
              'Errors',
            ].map((text) => (
              <th key={text} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {releases.map((view) => (
            <Row key={view.id} view={view} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ view }: { view: ReleaseView }) {
  const mark = releaseMark(view);
  return (
    <tr>
      <th scope="row" class="n">
        <a href={`/releases/${view.id}`}>
          {view.service} #{view.id}
        </a>
      </th>
      <td class="n">
        {view.from !== null && <span class="v-s">v{view.from} → </span>}
        <span class={view.isOver ? 'ver' : 'v-c ver'}>v{view.version}</span>
      </td>
      <td class="became">
        <span class={`n tone-${mark.tone}`}>
          {mark.glyph} {mark.word}
          {!view.isOver && `, ${weightText(view.measuredWeight ?? view.weight)}`}
        </span>
        <span class="mute said" title={view.receipt?.sentence ?? view.sentence}>
          {view.receipt?.sentence ?? view.sentence}
        </span>
      </td>
      <td class="why">
        <span class="clamp" title={view.reason}>
          {view.reason}
        </span>
      </td>
      <td class="mono code" title={view.candidate.label}>
        {view.candidate.label.slice(0, 12)}
        <span class="mute said">{sameAs(view)}</span>
      </td>
      <td class="n by">{view.by}</td>
      <td class="n" title={utcText(view.requestedAt)}>
        {momentText(view.requestedAt, now.peek())}
      </td>
      <td class="n lasted">{spanText((view.endedAt ?? now.value) - view.requestedAt)}</td>
      <td class="n requests">{view.candidate.requests === 0 ? '–' : countText(view.candidate.requests)}</td>
      <td class="n errors">
        {percent(view.candidate.errorShare)}
        {view.stable && <span class="mute said">against {percent(view.stable.errorShare)}</span>}
      </td>
    </tr>
  );
}

/** The code of before with another configuration is worth saying. */
function sameAs(view: ReleaseView): string {
  if (!view.stable || view.stable.label === '') return '';
  return view.stable.label === view.candidate.label ? 'same code' : `was ${view.stable.label.slice(0, 12)}`;
}
