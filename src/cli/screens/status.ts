// What runs, what is being released and what is wrong: the table of `friday status`, and one service in detail.
import type { InstanceView, ReleaseView, ServiceView, StatusView } from '../../api/views.ts';
import { formatDuration } from '../../core/time.ts';
import { type Cell, type Column, table } from '../output/columns.ts';
import { type Command, commands } from '../output/commands.ts';
import { briefly, clockOf } from '../output/moments.ts';
import { bytes, cpu, latency, NONE, rate, share, weightOf } from '../output/numbers.ts';
import { type Paint, paintOf } from '../output/paint.ts';
import { cleaned, cut, ends, wrap } from '../output/text.ts';
import { blameLines } from './blame.ts';
import { hasEvidence, waitingCommands } from './frame.ts';
import { signalRows } from './signals.ts';
import { isCompared, RELEASE_MARKS, SERVICE_MARKS, versionsOf } from './states.ts';
import { stepsRow } from './steps.ts';

export type ScreenOptions = { readonly width: number; readonly color: boolean };

const WIDEST = 110;

/** The whole project in lines of at most `width` columns. */
export function statusScreen(view: StatusView, options: ScreenOptions): string[] {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 2;
  const head = headLines(view, paint, width);
  if (view.services.length === 0) {
    return indent([
      ...head,
      '',
      'Nothing runs yet.',
      '',
      ...commands([['friday up', 'start what compose.yaml names']], width),
    ]);
  }
  const services = sorted(view.services.filter((one) => !isForgotten(one)));
  const rows = services.map((one) => rowOf(one, releaseOf(view, one), paint));
  const notes = services.flatMap((one) => noteOf(one, releaseOf(view, one), paint, width));
  const problems = problemLines([...view.problems, ...oldBalancer(view)], paint, width);
  const blocks = [head, table(COLUMNS, rows, width), notes, problems, commands(nextOf(view), width)];
  return indent(
    blocks
      .filter((block) => block.length > 0)
      .flatMap((block) => ['', ...block])
      .slice(1),
  );
}

function indent(lines: readonly string[]): string[] {
  return ['', ...lines.map((line) => (line === '' ? '' : `  ${line}`)), ''];
}

function headLines(view: StatusView, paint: Paint, width: number): string[] {
  const name = `${paint.strong(cut(view.project, 30))} on ${cut(view.host, 30)}`;
  const counts = countsOf(view.services.filter((one) => !isForgotten(one)));
  const beside = ends(name, counts, width);
  const first = beside === null ? [name, cut(counts, width)] : [beside];
  const addresses = view.listening.map((url) => cleaned(url));
  return addresses.length === 0 ? first : [...first, paint.dim(cut(addresses.join('  '), width))];
}

/** `1 down   1 releasing   2 healthy`. */
function countsOf(services: readonly ServiceView[]): string {
  const order = ['down', 'degraded', 'releasing', 'healthy', 'completed', 'stopped'] as const;
  return order
    .map((state) => [services.filter((one) => one.state === state).length, state] as const)
    .filter(([amount]) => amount > 0)
    .map(([amount, state]) => `${amount} ${state}`)
    .join('   ');
}

/** Out of the file and stopped: what it was is told by its history and its logs only. */
function isForgotten(service: ServiceView): boolean {
  return service.isRemoved && service.instances.every((one) => one.state === 'exited');
}

const TROUBLE: Readonly<Record<ServiceView['state'], number>> = {
  down: 0,
  degraded: 1,
  releasing: 2,
  healthy: 3,
  completed: 4,
  stopped: 5,
};

/** By trouble, then movement, then name. */
function sorted(services: readonly ServiceView[]): ServiceView[] {
  return [...services].sort((a, b) => TROUBLE[a.state] - TROUBLE[b.state] || a.name.localeCompare(b.name));
}

function releaseOf(view: StatusView, service: ServiceView): ReleaseView | null {
  return view.releases.find((one) => one.id === service.release) ?? null;
}

const COLUMNS: readonly Column[] = [
  { title: '', align: 'left', gap: 1 },
  { title: 'SERVICE', align: 'left', least: 14 },
  { title: 'VERSION', align: 'left' },
  { title: 'STATE', align: 'left', least: 13 },
  { title: 'REQ/S', align: 'right' },
  { title: 'ERRORS', align: 'right' },
  { title: 'P95', align: 'right', leave: 1 },
  { title: 'CPU', align: 'right', leave: 3 },
  { title: 'MEM', align: 'right', leave: 4 },
  { title: 'RUNS', align: 'right', leave: 2 },
];

function rowOf(service: ServiceView, release: ReleaseView | null, paint: Paint): Cell[] {
  const mark = markOf(service, release);
  const { traffic } = service;
  const hasErrors = (traffic?.errorShare ?? 0) >= 0.01;
  return [
    { text: mark.glyph, paint: paint[mark.tone] },
    { text: service.name },
    { text: versionText(service) },
    {
      text: release ? releaseState(release) : mark.word,
      paint: service.state === 'healthy' ? undefined : paint[mark.tone],
    },
    { text: rate(traffic?.requestsPerSecond ?? null) },
    { text: share(traffic?.errorShare ?? null), paint: hasErrors ? paint.warn : undefined },
    { text: latency(traffic?.latencyP95Ms ?? null) },
    { text: cpu(service.cpu) },
    { text: bytes(service.memory) },
    {
      text: `${service.ready}/${service.wanted}`,
      paint: service.ready < service.wanted && service.state !== 'completed' ? paint.warn : undefined,
    },
  ];
}

function markOf(service: ServiceView, release: ReleaseView | null) {
  return service.state === 'releasing' && release ? RELEASE_MARKS[release.state] : SERVICE_MARKS[service.state];
}

function versionText(service: ServiceView): string {
  if (service.candidate !== null) return versionsOf({ version: service.candidate, from: service.version });
  return service.version === null ? NONE : `v${service.version}`;
}

/** `25%, 50% in 4m`, `starting`. */
function releaseState(release: ReleaseView): string {
  if (release.weight <= 0 || release.weight >= 100) return RELEASE_MARKS[release.state].word;
  const at = weightOf(release.weight);
  if (release.state !== 'ramping') return `${at}, ${RELEASE_MARKS[release.state].word}`;
  const { nextWeight, nextInMs } = release;
  if (nextWeight === null || nextInMs === null || nextInMs <= 0) return at;
  return `${at}, ${weightOf(nextWeight)} in ${briefly(nextInMs)}`;
}

/** Why a service is not simply healthy, is still compared, or has an instance that is drained, in its own words. */
function noteOf(service: ServiceView, release: ReleaseView | null, paint: Paint, width: number): string[] {
  const isPlain = service.watch === null && service.instances.every((one) => one.drained === undefined);
  if ((service.state === 'healthy' && isPlain) || service.state === 'completed' || service.state === 'stopped')
    return [];
  const mark = markOf(service, release);
  const sentence = cleaned(release?.sentence ?? service.sentence);
  const lines = wrap(sentence, width - 2);
  return lines.map((line, index) => (index === 0 ? `${paint[mark.tone](mark.glyph)} ${line}` : `  ${line}`));
}

function problemLines(problems: readonly string[], paint: Paint, width: number): string[] {
  return problems.flatMap((one) =>
    wrap(cleaned(one), width - 2).map((line, index) => paint.warn(index === 0 ? `▲ ${line}` : `  ${line}`)),
  );
}

function lastLines(lines: readonly string[], width: number): string[] {
  if (lines.length === 0) return [];
  return ['Last lines:', ...lines.map((line) => `  ${cut(cleaned(line).trimEnd(), width - 2)}`)];
}

function oldBalancer({ balancer, version }: StatusView): string[] {
  if (balancer === undefined || balancer.version === version) return [];
  return [`The balancer still is that of friday ${balancer.version}; this is ${version}. What to do: friday doctor`];
}

function nextOf(view: StatusView): Command[] {
  const moving = view.services.find((one) => one.state === 'releasing');
  const broken = view.services.find((one) => one.state === 'down' || one.state === 'degraded');
  if (broken) return [[`friday status ${broken.name}`, 'what is wrong with it']];
  return moving ? whileReleasing(moving, releaseOf(view, moving)) : [];
}

function whileReleasing(service: ServiceView, release: ReleaseView | null): Command[] {
  const waiting = release === null ? [] : waitingCommands(release);
  return [...waiting, [`friday status ${service.name} -w`, 'watch it']];
}

export type ServiceScreenOptions = ScreenOptions & {
  readonly now: number;
  /** The one under way; null or left out without one. */
  readonly release?: ReleaseView | null;
  /** What its instances wrote last, shown when something is wrong. */
  readonly lastLines?: readonly string[];
  /** What the control plane cannot do right now. */
  readonly problems?: readonly string[];
};

/** One service: its state, where it answers, and every instance. */
export function serviceScreen(view: ServiceView, options: ServiceScreenOptions): string[] {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 2;
  const release = options.release ?? null;
  const mark = markOf(view, release);
  const state = paint[mark.tone](`${mark.glyph} ${release ? releaseState(release) : mark.word}`);
  const head = `${paint.strong(cut(view.name, 30))}  ${versionText(view)}   ${state}`;
  const runs = `${view.ready} of ${view.wanted} ready`;
  const blocks = [
    [ends(head, paint.dim(runs), width) ?? head],
    wrap(cleaned(view.sentence), width),
    scaleLines(view, width),
    release === null || !isCompared(release) ? [] : [stepsRow(release, paint, width)],
    release !== null && hasEvidence(release) ? signalRows(release, paint, width) : [],
    release === null ? [] : blameLines(release, paint, width, { most: 3 }),
    view.urls.map((url) => cut(cleaned(url), width)),
    trafficLines(view, width),
    instanceLines(view, options.now, paint, width),
    lastLines(options.lastLines ?? [], width),
    problemLines(options.problems ?? [], paint, width),
    commands(afterService(view, release), width),
  ];
  return indent(
    blocks
      .filter((block) => block.length > 0)
      .flatMap((block) => ['', ...block])
      .slice(1),
  );
}

function afterService(view: ServiceView, release: ReleaseView | null): Command[] {
  if (view.state === 'stopped') return [[`friday up ${view.name}`, 'start it again']];
  if (view.state === 'releasing') return whileReleasing(view, release);
  const back: Command[] =
    view.state === 'down' && view.isReleased ? [[`friday rollback ${view.name}`, 'the version before, now']] : [];
  return [
    ...back,
    [`friday logs ${view.name}`, 'what it writes'],
    [`friday history ${view.name}`, 'what happened to it'],
  ];
}

/** `2 to 6 instances, 4 wanted. 63 open requests, 20 wanted for each.` */
function scaleLines({ scale }: ServiceView, width: number): string[] {
  if (scale === null) return [];
  const { min, max, wanted, candidate, sentence } = scale;
  const beside = candidate === null ? '' : ` and ${candidate} of the candidate`;
  return wrap(cleaned(`${min} to ${max} instances, ${wanted}${beside} wanted. ${sentence}`), width);
}

function trafficLines(view: ServiceView, width: number): string[] {
  const { traffic } = view;
  if (!traffic) return [];
  const times = [
    ['p50', traffic.latencyP50Ms],
    ['p95', traffic.latencyP95Ms],
    ['p99', traffic.latencyP99Ms],
  ] as const;
  const latencies = times.map(([name, ms]) => `${name} ${latency(ms)}`).join('   ');
  const line = `${rate(traffic.requestsPerSecond)} req/s   errors ${share(traffic.errorShare)}   ${latencies}`;
  return [cut(line, width)];
}

const INSTANCE_COLUMNS: readonly Column[] = [
  { title: '', align: 'left', gap: 1 },
  { title: 'INSTANCE', align: 'left', least: 16 },
  { title: 'STATE', align: 'left' },
  { title: 'ADDRESS', align: 'left', leave: 3 },
  { title: 'UP', align: 'right' },
  { title: 'CPU', align: 'right', leave: 1 },
  { title: 'MEM', align: 'right', leave: 2 },
  { title: 'RESTARTS', align: 'right', leave: 4 },
];

const INSTANCE_MARKS: Readonly<Record<InstanceView['state'], readonly [glyph: string, tone: keyof Paint]>> = {
  ready: ['✓', 'good'],
  starting: ['◌', 'strong'],
  stopping: ['○', 'dim'],
  exited: ['✕', 'bad'],
};

/** What is ready but gets no request is told apart from what serves. */
function instanceMark(
  { state, role, version, drained }: InstanceView,
  { watch }: ServiceView,
): readonly [glyph: string, tone: keyof Paint, word: string] {
  if (drained && (state === 'ready' || state === 'starting')) {
    const word = drained.outSince === null ? 'to be drained' : `drained until ${clockOf(drained.until).slice(0, 5)}`;
    return ['▽', 'warn', word];
  }
  if (state === 'ready' && version === watch?.from) return ['✓', 'good', 'compared'];
  if (state === 'ready' && role === 'warm') return ['○', 'dim', 'kept warm'];
  if (state === 'ready' && role === 'leaving') return ['○', 'dim', 'draining'];
  return [...INSTANCE_MARKS[state], state];
}

function instanceLines(view: ServiceView, now: number, paint: Paint, width: number): string[] {
  const { instances } = view;
  if (instances.length === 0) return [];
  const rows = instances.map((one): Cell[] => {
    const [glyph, tone, word] = instanceMark(one, view);
    const isUp = one.state !== 'exited';
    return [
      { text: glyph, paint: paint[tone] },
      { text: one.id },
      { text: word },
      { text: one.address },
      { text: isUp ? formatDuration(now - one.startedAt) : NONE },
      { text: cpu(one.cpu) },
      { text: bytes(one.memory) },
      { text: String(one.restarts), paint: one.restarts > 0 ? paint.warn : undefined },
    ];
  });
  const reasons = instances
    .filter((one) => one.reason !== '' && one.state !== 'ready')
    .flatMap((one) => wrap(`${one.id}: ${cleaned(one.reason)}`, width));
  return [...table(INSTANCE_COLUMNS, rows, width), ...(reasons.length > 0 ? ['', ...reasons] : [])];
}
