// What instances write, as they write it, with filters in the address.
import { effect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogLineView } from '../../../src/api/views.ts';
import { linesOf } from '../api.ts';
import { clockText, countText, many, utcText } from '../format.ts';
import { status } from '../live.ts';
import { address, go, searchOf } from '../router.ts';
import { POLL_MS, seats } from '../tabs.ts';
import { tell } from '../title.ts';

const FILTERS = ['service', 'version', 'instance', 'level', 'pattern', 'since', 'until'] as const;
type Filters = Readonly<Record<(typeof FILTERS)[number], string>>;
const KEPT = 2000;
const FIRST = 300;
/** Lines are drawn at most so often. */
const DRAW_MS = 250;
const SEAT = 'logs';

function filtersOf(path: string): Filters {
  const search = searchOf(path);
  return Object.fromEntries(FILTERS.map((name) => [name, search.get(name) ?? ''])) as Filters;
}

function setFilter(name: keyof Filters, value: string): void {
  const search = searchOf(address.value);
  if (value === '') search.delete(name);
  else search.set(name, value);
  if (name === 'since') search.delete('until');
  if (name === 'service') for (const other of ['version', 'instance']) search.delete(other);
  go(`/logs${search.size > 0 ? `?${search}` : ''}`, true);
}

type Kept = LogLineView & { readonly key: number };

type State = { readonly lines: readonly Kept[]; readonly dropped: number; readonly lost: string };
const EMPTY: State = { lines: [], dropped: 0, lost: '' };

/** Follows while it is not paused, unless the lines of a time that is over are asked for; lines beyond what is kept fall out and are counted. */
function useLines(filters: Filters, isPaused: boolean): State {
  const [state, setState] = useState<State>(EMPTY);
  // Without a seat for a stream it is asked again and again instead; a tab that is not seen holds none.
  const [isSeated, setSeated] = useState(true);
  const [isSeen, setSeen] = useState(!document.hidden);
  const isOver = filters.until !== '';
  const isAsking = !isPaused && (isSeen || isOver);
  useEffect(() => {
    const onSeen = () => setSeen(!document.hidden);
    document.addEventListener('visibilitychange', onSeen);
    return () => document.removeEventListener('visibilitychange', onSeen);
  }, []);
  useEffect(() => {
    if (!isAsking || isOver) return;
    seats.claim(SEAT);
    const stop = effect(() => setSeated(seats.has(SEAT)));
    return () => {
      stop();
      seats.leave(SEAT);
    };
  }, [isAsking, isOver]);
  const key = JSON.stringify(filters);
  useEffect(() => {
    if (!isAsking) return;
    const stop = new AbortController();
    if (!isSeated && !isOver) void askAgainAndAgain(filters, stop.signal, setState);
    else void tail({ ...filters, lines: isOver ? KEPT : FIRST, follow: !isOver }, stop.signal, setState);
    return () => stop.abort();
  }, [key, isAsking, isSeated]);
  return state;
}

type Set = (next: (before: State) => State) => void;
type Query = Readonly<Record<string, string | number | boolean>>;

async function tail(query: Query, signal: AbortSignal, set: Set): Promise<void> {
  let waiting: Kept[] = [];
  let count = 0;
  let isFirst = true;
  const draw = () => {
    if (waiting.length === 0 && !isFirst) return;
    const more = waiting;
    const isNew = isFirst;
    waiting = [];
    isFirst = false;
    // What was there stays until the first lines are.
    set((before) => {
      const { lines, dropped } = isNew ? EMPTY : before;
      const all = [...lines, ...more];
      return { lines: all.slice(-KEPT), dropped: dropped + Math.max(0, all.length - KEPT), lost: '' };
    });
  };
  const timer = setInterval(draw, DRAW_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  try {
    for await (const line of linesOf('/logs', query, signal)) {
      count += 1;
      waiting.push({ ...(JSON.parse(line) as LogLineView), key: count });
      if (waiting.length > KEPT) waiting = waiting.slice(-KEPT);
    }
    draw();
  } catch (error) {
    if (!signal.aborted) set((before) => ({ ...before, lost: (error as Error).message }));
  }
}

/** The newest lines, every few seconds. */
async function askAgainAndAgain(filters: Filters, signal: AbortSignal, set: Set): Promise<void> {
  while (!signal.aborted) {
    await tail({ ...filters, lines: FIRST, follow: false }, signal, set);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

export function LogsPage() {
  const filters = filtersOf(address.value);
  const [isPaused, setPaused] = useState(false);
  const { lines, dropped, lost } = useLines(filters, isPaused);
  useEffect(() => tell('logs', { glyph: '', word: '', tone: 'mute' }), []);
  return (
    <main class="logs">
      <div class="head">
        <h1>Logs</h1>
        <Bar filters={filters} />
        {filters.until === '' && (
          <div class="acts">
            <button type="button" class="btn" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
              {isPaused ? 'Follow' : 'Hold still'}
            </button>
          </div>
        )}
      </div>
      {lost !== '' && (
        <p class="s-warn" role="alert">
          ▲ {lost}
        </p>
      )}
      <Lines lines={lines} filters={filters} isPaused={isPaused} />
      <p class="foot">
        {many(lines.length, 'line')}
        {dropped > 0 && `, ${countText(dropped)} older ones are not shown any more`} · the same in a terminal:{' '}
        <code>{commandOf(filters)}</code>
      </p>
    </main>
  );
}

function Bar({ filters }: { filters: Filters }) {
  const services = status.value?.services ?? [];
  const chosen = services.find((one) => one.name === filters.service);
  const versions = [...new Set(chosen?.instances.map((one) => String(one.version)) ?? []), filters.version].filter(
    (one, i, all) => one !== '' && all.indexOf(one) === i,
  );
  const [words, setWords] = useState(filters.pattern);
  const timer = useRef(0);
  return (
    <search class="filters">
      <Pick
        label="Service"
        name="service"
        value={filters.service}
        options={services.map((one) => one.name)}
        all="all services"
      />
      <Pick label="Version" name="version" value={filters.version} options={versions} all="all versions" prefix="v" />
      <Pick
        label="Level"
        name="level"
        value={filters.level}
        options={['error', 'warn', 'info', 'debug']}
        all="all levels"
        suffix=" and worse"
      />
      <input
        type="search"
        aria-label="Text in the line"
        placeholder="text in the line"
        value={words}
        onInput={(event) => {
          const value = event.currentTarget.value;
          setWords(value);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => setFilter('pattern', value), 300) as unknown as number;
        }}
      />
      {filters.instance !== '' && (
        <button type="button" class="btn small" onClick={() => setFilter('instance', '')}>
          {filters.instance} <span class="sr">only, take it off</span>
          <span aria-hidden="true"> ✕</span>
        </button>
      )}
      {filters.since !== '' && (
        <button type="button" class="btn small" onClick={() => setFilter('since', '')}>
          {spanOf(filters)} <span class="sr">only, take it off</span>
          <span aria-hidden="true"> ✕</span>
        </button>
      )}
    </search>
  );
}

/** `12:04:17 to 12:04:26`. */
function spanOf({ since, until }: Filters): string {
  const from = clockText(Number(since));
  return until === '' ? `since ${from}` : `${from} to ${clockText(Number(until))}`;
}

type PickProps = {
  readonly label: string;
  readonly name: keyof Filters;
  readonly value: string;
  readonly options: readonly string[];
  readonly all: string;
  readonly prefix?: string;
  readonly suffix?: string;
};

function Pick({ label, name, value, options, all, prefix = '', suffix = '' }: PickProps) {
  return (
    <select aria-label={label} value={value} onChange={(event) => setFilter(name, event.currentTarget.value)}>
      <option value="">{all}</option>
      {options.map((one) => (
        <option key={one} value={one}>
          {prefix}
          {one}
          {suffix}
        </option>
      ))}
    </select>
  );
}

/** Stays at the end while the reader is at the end. */
function Lines({ lines, filters, isPaused }: { lines: readonly Kept[]; filters: Filters; isPaused: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useEffect(() => {
    if (isAtEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  return (
    <div
      ref={box}
      class="panel lines"
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label="Log lines"
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 30;
      }}
    >
      {lines.length === 0 && (
        <p class="empty">
          {isPaused
            ? 'Held still.'
            : filters.until === ''
              ? 'No line matches yet; new ones come by themselves.'
              : 'No line of that time matches, or it is not kept any more.'}
        </p>
      )}
      {lines.map((line) => (
        <div key={line.key} class={`line level-${line.level ?? 'none'}`}>
          <time title={utcText(line.at)}>{clockText(line.at)}</time>
          <span class="from" title={line.instance}>
            {filters.service === '' ? `${line.service} ` : ''}v{line.version}
            <span class="mute">·{line.instance.slice(line.instance.lastIndexOf('-') + 1)}</span>
          </span>
          <span class="level">{line.level ?? ''}</span>
          <Text text={line.text} />
        </div>
      ))}
    </div>
  );
}

/** A line of JSON begins with what it says; the rest follows it. */
function Text({ text }: { text: string }) {
  const said = textIn(text);
  if (said === null) return <span class="text">{text}</span>;
  return (
    <span class="text">
      {said.message} <span class="rest">{said.rest}</span>
      {said.long.map(([name, value]) => (
        <details key={name} class="rest">
          <summary>{name}</summary>
          {value}
        </details>
      ))}
    </span>
  );
}

/** What the columns before the text say already. */
const KNOWN = new Set(['level', 'severity', 'time', 'timestamp', 'ts', 'service', 'version', 'instance']);

type Said = {
  readonly message: string;
  readonly rest: string;
  /** Stacks and the like: shown on demand. */
  readonly long: readonly (readonly [string, string])[];
};

const LONG = 160;

function textIn(text: string): Said | null {
  if (!text.startsWith('{') || !text.endsWith('}')) return null;
  try {
    const { msg, message = msg, ...rest } = JSON.parse(text) as Record<string, unknown>;
    if (typeof message !== 'string') return null;
    const parts = Object.entries(rest)
      .filter(([name]) => !KNOWN.has(name))
      .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const);
    const isLong = ([, value]: readonly [string, string]) => value.length > LONG || value.includes('\n');
    const short = parts.filter((part) => !isLong(part)).map(([name, value]) => `${name}=${value}`);
    return { message, rest: short.join(' '), long: parts.filter(isLong) };
  } catch {
    return null;
  }
}

function commandOf({ service, version, instance, level, pattern, since, until }: Filters): string {
  const subject = service === '' ? '' : ` ${service}${version === '' ? '' : `@v${version}`}`;
  const text = pattern === '' ? '' : ` ${JSON.stringify(pattern)}`;
  const time = (flag: string, at: string) => (at === '' ? '' : ` ${flag} ${new Date(Number(at)).toISOString()}`);
  const span = until === '' ? `${time('--since', since)} -f` : `${time('--since', since)}${time('--until', until)}`;
  return `friday logs${subject}${service === '' ? '' : text}${span}${level === '' ? '' : ` --level ${level}`}${instance === '' ? '' : ` --instance ${instance}`}`;
}
