// One service: the four golden signals by version or instance, its instances, its versions.
import { useEffect, useState } from 'preact/hooks';
import type { RangeView } from '../../../src/api/live-views.ts';
import type { ReleaseView, ServiceView, VersionView } from '../../../src/api/views.ts';
import { api, Problem } from '../api.ts';
import { Chart, type ChartProps, type Line } from '../chart.tsx';
import { bytesText, coresText, latencyText, momentText, percent, rateText, utcText, weightText } from '../format.ts';
import { now, status } from '../live.ts';
import { releaseMark, serviceMark } from '../marks.ts';
import { Lost } from '../parts/lost.tsx';
import { useNumbers } from '../parts/numbers.ts';
import { Instances } from '../service/instances.tsx';
import { tell } from '../title.ts';

const SPANS = [
  ['15 min', 900_000],
  ['1 h', 3_600_000],
] as const;
const GROUPS = [
  ['by version', 'version'],
  ['by instance', 'instance'],
] as const;

export function ServicePage({ name }: { name: string }) {
  const view = status.value;
  const service = view?.services.find((one) => one.name === name);
  const [versions, setVersions] = useState<readonly VersionView[]>([]);
  const [releases, setReleases] = useState<readonly ReleaseView[]>([]);
  useEffect(() => {
    void api.versions(name).then(setVersions, () => undefined);
    void api.releases({ service: name, limit: 12 }).then(setReleases, () => undefined);
  }, [name, service?.version, service?.release]);
  useEffect(() => {
    if (service) tell(name, serviceMark(service));
  }, [service?.state, name]);
  if (!view) return <Lost problem={null} what={name} />;
  if (!service) return <Lost problem={new Problem(404, `There is no service ${name}.`)} what={name} />;
  return (
    <main>
      <Head service={service} />
      <p class="verdict">{service.sentence}</p>
      <Signals service={service} releases={releases} />
      <Instances service={service} />
      <div class="grid">
        <History releases={releases} />
        <Versions versions={versions} />
      </div>
    </main>
  );
}

function Head({ service }: { service: ServiceView }) {
  const mark = serviceMark(service);
  const release = status.value?.releases.find((one) => one.id === service.release);
  const share = release?.measuredWeight ?? release?.weight ?? 0;
  return (
    <div class="head">
      <h1>{service.name}</h1>
      <span class="ver">
        {service.version !== null && (
          <span class={service.candidate === null ? '' : 'v-s'}>
            v{service.version}
            {service.candidate !== null && ` ${weightText(100 - share)}`}
          </span>
        )}
        {service.candidate !== null && (
          <span class="v-c">
            {' '}
            · v{service.candidate} {weightText(share)}
          </span>
        )}
      </span>
      <span class={`pill tone-${mark.tone}`}>
        <span aria-hidden="true">{mark.glyph}</span> {mark.word}
      </span>
      {service.urls.slice(0, 2).map((url) => (
        <a key={url} class="mute" href={url} target="_blank" rel="noreferrer">
          {url.replace(/^https?:\/\//, '')}
        </a>
      ))}
      <div class="acts">
        {service.release !== null && (
          <a class="btn" href={`/releases/${service.release}`}>
            See the release
          </a>
        )}
        <a class="btn" href={`/logs?service=${encodeURIComponent(service.name)}`}>
          Logs
        </a>
      </div>
    </div>
  );
}

/** Left to right, always: traffic, errors, latency, saturation. */
function Signals({ service, releases }: { service: ServiceView; releases: readonly ReleaseView[] }) {
  const [span, setSpan] = useState<number>(900_000);
  const [by, setBy] = useState<'version' | 'instance'>('version');
  const step = span > 1_800_000 ? 30 : 10;
  const common = { service: service.name, step };
  const traffic = known(useNumbers({ ...common, by: 'version', metric: 'requests,errors,p50,p95,p99' }, 10_000, span));
  const use = known(useNumbers({ ...common, by, metric: 'cpu,memory,open' }, 10_000, span));
  const marks = releases
    .flatMap((one) =>
      one.weights.map(({ at, weight }) => ({ at: at / 1000, text: `v${one.version} ${weightText(weight)}` })),
    )
    .sort((one, other) => one.at - other.at);
  return (
    <section class="panel signals" aria-labelledby="signals-title">
      <h2 id="signals-title">
        Golden signals
        <span class="switches">
          <Switch label="Time shown" options={SPANS} value={span} onPick={setSpan} />
          <Switch label="Saturation by" options={GROUPS} value={by} onPick={setBy} />
        </span>
      </h2>
      {!service.isReleased && <p class="empty">It is not behind the balancer: only what its instances use is known.</p>}
      <div class="charts">
        {service.isReleased && <Counted service={service} range={traffic} marks={marks} />}
        <Used service={service} range={use} marks={marks} />
      </div>
    </section>
  );
}

type Shown = { readonly service: ServiceView; readonly range: RangeView | null; readonly marks: ChartProps['marks'] };

function Counted({ service, range, marks }: Shown) {
  const total = service.traffic;
  const common = { times: timesOf(range), marks };
  const note = `p50 ${latencyText(total?.latencyP50Ms)} · p99 ${latencyText(total?.latencyP99Ms)}`;
  const line = (metric: string) => linesOf(range, metric, service);
  return (
    <>
      <Chart
        {...common}
        title="Traffic"
        now={`${rateText(total?.requestsPerSecond)} req/s`}
        lines={line('requests')}
        text={rateText}
      />
      <Chart {...common} title="Errors" now={percent(total?.errorShare)} lines={line('errors')} text={percent} />
      <Chart
        {...common}
        title="Latency p95"
        now={latencyText(total?.latencyP95Ms)}
        lines={line('p95')}
        text={latencyText}
        note={note}
      />
    </>
  );
}

function Used({ service, range, marks }: Shown) {
  const common = { times: timesOf(range), marks };
  const line = (metric: string) => linesOf(range, metric, service);
  return (
    <>
      <Chart
        {...common}
        title="CPU"
        now={coresText(service.cpu)}
        lines={line('cpu')}
        text={coresText}
        note="of one core"
      />
      <Chart {...common} title="Memory" now={bytesText(service.memory)} lines={line('memory')} text={bytesText} />
      {service.isReleased && <Chart {...common} title="Open requests" now="" lines={line('open')} text={rateText} />}
    </>
  );
}

/** Without the beginning of which nothing is known, but for at least five minutes. */
function known(range: RangeView | null): RangeView | null {
  if (!range) return null;
  const length = range.series[0]?.values.length ?? 0;
  const first = Math.min(
    length,
    ...range.series.map((one) => one.values.findIndex((value) => value !== null)).filter((i) => i >= 0),
  );
  const cut = Math.max(0, Math.min(first - 1, length - Math.ceil(LEAST_MS / range.stepMs)));
  const series = range.series.map((one) => ({ ...one, values: one.values.slice(cut) }));
  return { ...range, fromMs: range.fromMs + cut * range.stepMs, series };
}

const LEAST_MS = 300_000;

function timesOf(range: RangeView | null): readonly number[] {
  const length = range?.series[0]?.values.length ?? 0;
  return Array.from({ length }, (_, i) => ((range?.fromMs ?? 0) + i * (range?.stepMs ?? 0)) / 1000);
}

const OTHERS = ['--line-1', '--line-2', '--line-3', '--line-4', '--line-5'];
/** Lines of one chart; the rest is left out and said. */
const MOST_LINES = 8;

function linesOf(range: RangeView | null, metric: string, { version, candidate }: ServiceView): readonly Line[] {
  const series = range?.series.filter((one) => one.metric === metric) ?? [];
  // The first hue is that of the version that people use; another version keeps its own while lines come and go.
  const [, ...old] = OTHERS;
  const color = (one: (typeof series)[number], i: number) => {
    if (one.instance !== null) return OTHERS[i % OTHERS.length] ?? '--mute';
    if (one.version === candidate && candidate !== null) return '--cand';
    if (one.version === version) return candidate === null ? '--now' : '--stable';
    return old[(one.version ?? 0) % old.length] ?? '--mute';
  };
  return series.slice(-MOST_LINES).map((one, i) => ({
    label: one.instance ?? (one.version === null ? one.service : `v${one.version}`),
    color: color(one, i),
    values: one.values,
    isDashed: one.instance === null && one.version !== version && one.version !== candidate,
  }));
}

function Switch<T extends string | number>({
  label,
  options,
  value,
  onPick,
}: {
  label: string;
  options: readonly (readonly [string, T])[];
  value: T;
  onPick: (value: T) => void;
}) {
  return (
    <span class="switch" role="group" aria-label={label}>
      {options.map(([text, one]) => (
        <button key={text} type="button" aria-pressed={one === value} onClick={() => onPick(one)}>
          {text}
        </button>
      ))}
    </span>
  );
}

function History({ releases }: { releases: readonly ReleaseView[] }) {
  return (
    <section class="panel" aria-labelledby="history-title">
      <h2 id="history-title">Releases</h2>
      {releases.length === 0 && <p class="empty">None yet.</p>}
      <ul class="plain">
        {releases.map((one) => (
          <li key={one.id}>
            <a href={`/releases/${one.id}`} class="row-link">
              <b>v{one.version}</b>
              <span class={`tone-${releaseMark(one).tone}`}>
                {releaseMark(one).glyph} {releaseMark(one).word}
              </span>
              <span class="mute grow">{one.reason || one.sentence}</span>
              <time class="mute" title={utcText(one.requestedAt)}>
                {one.by}, {momentText(one.requestedAt, now.peek())}
              </time>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

const VERSION_TONES: Readonly<Record<VersionView['state'], string>> = {
  stable: 'ok',
  candidate: 'run',
  warm: '',
  old: '',
  rolled_back: 'bad',
  failed: 'bad',
};

function Versions({ versions }: { versions: readonly VersionView[] }) {
  return (
    <section class="panel" aria-labelledby="versions-title">
      <h2 id="versions-title">
        Versions <small>that can be gone back to</small>
      </h2>
      {versions.length === 0 && <p class="empty">None yet.</p>}
      <ul class="plain">
        {versions.slice(0, 12).map((one) => (
          <li key={one.version} class="row-link">
            <b>v{one.version}</b>
            <span class={`tag ${VERSION_TONES[one.state]}`}>{one.state.replace('_', ' ')}</span>
            <span class="mono mute grow" title={one.digest}>
              {one.label.slice(0, 24)}
            </span>
            <time class="mute" title={utcText(one.createdAt)}>
              {one.by}, {momentText(one.createdAt, now.peek())}
            </time>
          </li>
        ))}
      </ul>
    </section>
  );
}
