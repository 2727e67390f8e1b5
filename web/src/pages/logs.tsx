// What instances write, as they write it, with filters in the address.
import { useEffect, useRef, useState } from 'preact/hooks';
import { clockText, countText, many, utcText } from '../format.ts';
import { status } from '../live.ts';
import { FILTERS, type Filters, type Kept, useLines } from '../logs/lines.ts';
import { address, go, searchOf } from '../router.ts';
import { tell } from '../title.ts';

function filtersOf(path: string): Filters {
  const search = searchOf(path);
  // Somebody may have typed a time that is none.
  const isBad = (name: string, value: string) => /^(since|until)$/.test(name) && !/^\d{1,15}$/.test(value);
  const given = (name: string) => {
    const value = search.get(name) ?? '';
    return isBad(name, value) ? '' : value;
  };
  return Object.fromEntries(FILTERS.map((name) => [name, given(name)])) as Filters;
}

function setFilter(name: keyof Filters, value: string): void {
  const search = searchOf(address.value);
  if (value === '') search.delete(name);
  else search.set(name, value);
  if (name === 'since') search.delete('until');
  if (name === 'service') for (const other of ['version', 'instance']) search.delete(other);
  go(`/logs${search.size > 0 ? `?${search}` : ''}`, true);
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
  const time = (flag: string, at: string) =>
    at === '' ? '' : ` ${flag} ${new Date(Number(at)).toISOString().slice(0, 19)}Z`;
  const span = until === '' ? `${time('--since', since)} -f` : `${time('--since', since)}${time('--until', until)}`;
  return `friday logs${subject}${service === '' ? '' : text}${span}${level === '' ? '' : ` --level ${level}`}${instance === '' ? '' : ` --instance ${instance}`}`;
}
