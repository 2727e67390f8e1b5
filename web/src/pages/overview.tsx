// Is anything wrong, is anything moving? One sentence, the releases under way, one line for each service, the newest of the journal.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EventView, ReleaseView, StatusView } from '../../../src/api/views.ts';
import { api } from '../api.ts';
import { aboutText, bytesText, coresText, many, spanText, weightText } from '../format.ts';
import { events as liveEvents, now, status } from '../live.ts';
import { type Mark, releaseMark } from '../marks.ts';
import { Services } from '../overview/services.tsx';
import { Journal } from '../parts/journal.tsx';
import { Lost } from '../parts/lost.tsx';
import { Nodes } from '../parts/nodes.tsx';
import { tell } from '../title.ts';

const stored = signal<readonly EventView[]>([]);
const LATELY = 12;

export function OverviewPage() {
  const view = status.value;
  useEffect(() => {
    void api.events({ limit: 40 }).then((events) => {
      stored.value = events;
    });
  }, []);
  const mark = view ? markOf(view) : null;
  useEffect(() => {
    if (view && mark) tell(view.project, mark);
  }, [mark?.tone, view?.project]);
  if (!view) return <Lost problem={null} what="the overview" />;
  return (
    <main>
      <h1 class="sr">Overview of {view.project}</h1>
      <Verdict view={view} />
      {view.releases.length > 0 && <Releasing releases={view.releases} />}
      <Services services={view.services} />
      {view.hasNodes && <Nodes />}
      <div class="grid even loose">
        <Machine view={view} />
        <section class="panel" aria-labelledby="lately-title">
          <h2 id="lately-title">Lately</h2>
          <Journal events={newest()} link />
        </section>
      </div>
    </main>
  );
}

function newest(): readonly EventView[] {
  const known = new Map([...stored.value, ...liveEvents.value].map((event) => [event.seq, event]));
  return [...known.values()].sort((one, other) => other.seq - one.seq).slice(0, LATELY);
}

function markOf({ services, problems, releases }: StatusView): Mark {
  if (problems.length > 0 || services.some((one) => one.state === 'down'))
    return { glyph: '✕', word: 'down', tone: 'bad' };
  if (services.some((one) => one.state === 'degraded')) return { glyph: '▲', word: 'degraded', tone: 'warn' };
  return releases.length > 0
    ? { glyph: '◔', word: 'releasing', tone: 'run' }
    : { glyph: '✓', word: 'well', tone: 'ok' };
}

function Verdict({ view }: { view: StatusView }) {
  const bad = view.services.filter((one) => one.state === 'down' || one.state === 'degraded');
  const tone = markOf(view).tone;
  const first =
    bad.length === 0 && view.problems.length === 0
      ? view.services.length === 0
        ? 'Nothing runs yet.'
        : 'All well.'
      : null;
  return (
    <p class="verdict">
      <b class={tone === 'bad' ? 's-bad' : tone === 'warn' ? 's-warn' : ''}>
        {first ?? bad[0]?.sentence ?? view.problems[0]}
      </b>{' '}
      {bad.length > 1 &&
        `${many(bad.length - 1, 'other service')} ${bad.length === 2 ? 'has' : 'have'} a problem too. `}
      {first === null && bad.length > 0 && view.problems.join(' ')}
      {view.services.length === 0 && (
        <>
          Start the project: <code>friday up</code>
        </>
      )}
      {view.services.length > 0 && releasesSentence(view.releases)}
    </p>
  );
}

function releasesSentence(releases: readonly ReleaseView[]): string {
  const [only] = releases;
  if (!only) return 'No release is under way.';
  if (releases.length > 1) return `${releases.length} releases are under way.`;
  return `One release is under way: ${only.service} v${only.version}, ${releaseMark(only).word.toLowerCase()} at ${weightText(only.weight)}.`;
}

function Releasing({ releases }: { releases: readonly ReleaseView[] }) {
  return (
    <section class="panel" aria-labelledby="releasing-title">
      <h2 id="releasing-title">Releasing</h2>
      <ul class="releasing">
        {releases.map((view) => (
          <li key={view.id}>
            <a href={`/releases/${view.id}`} class="row-link">
              <b>{view.service}</b>
              <span class="ver">
                {view.from !== null && <span class="v-s">v{view.from}</span>} → <span class="v-c">v{view.version}</span>
              </span>
              <span class={`tone-${releaseMark(view).tone}`}>
                {releaseMark(view).glyph} {releaseMark(view).word}
              </span>
              <Share view={view} />
              <span class="mute next">{nextText(view)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** How the traffic is shared now, as it was measured. */
function Share({ view }: { view: ReleaseView }) {
  const share = view.measuredWeight ?? view.weight;
  return (
    <span class="share-bar" role="img" aria-label={`v${view.version} has ${weightText(share)} of the traffic`}>
      <span class="share-of" style={{ width: `${share}%` }} />
      <span class="share-text">{weightText(share)}</span>
    </span>
  );
}

function nextText(view: ReleaseView): string {
  if (view.state === 'waiting_for_approval') return `needs a yes for ${weightText(view.nextWeight ?? 100)}`;
  if (view.nextInMs !== null && view.nextWeight !== null)
    return `${weightText(view.nextWeight)} in ${aboutText(view.nextInMs)}`;
  if (view.neededRequests) return `needs ${many(view.neededRequests, 'more request')}`;
  return '';
}

function Machine({ view }: { view: StatusView }) {
  const [cpu, memory] = [view.services, view.services].map((all, i) =>
    all.reduce((sum, one) => sum + ((i === 0 ? one.cpu : one.memory) ?? 0), 0),
  );
  const running = view.services.flatMap((one) => one.instances).filter((one) => one.state !== 'exited');
  return (
    <section class="panel" aria-labelledby="machine-title">
      <h2 id="machine-title">Machine</h2>
      <dl class="facts">
        <dt>Host</dt>
        <dd>{view.host}</dd>
        <dt>Instances</dt>
        <dd>
          {many(running.length, 'instance')} of {many(view.services.length, 'service')}, together {coresText(cpu)} of a
          core and {bytesText(memory)}
        </dd>
        <dt>Listens</dt>
        <dd>{view.listening.length === 0 ? 'not yet' : view.listening.join(', ')}</dd>
        <dt>Control plane</dt>
        <dd>
          {view.version}, process {view.pid}, up {spanText(now.value - view.startedAt)}
        </dd>
        <dt>File</dt>
        <dd class="mono">{view.file}</dd>
      </dl>
      {view.problems.length > 0 && (
        <ul class="problems">
          {view.problems.map((problem) => (
            <li key={problem} class="s-bad">
              ✕ {problem}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
