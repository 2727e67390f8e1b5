// What differs between the settings of two versions, in words; values that may be secret are not shown. Pure.
import type { Version } from './service.ts';
import type { ServiceSpec } from './spec/project.ts';
import { formatDuration } from './time.ts';

/** One setting that is not the same. Of one that is hidden only whether it is set before and after is told. */
export type Difference = {
  /** As `environment LOG_LEVEL` or `release keep warm`. */
  readonly setting: string;
  /** Null = not set, or hidden. */
  readonly from: string | null;
  readonly to: string | null;
  readonly isHidden: boolean;
  /** `environment LOG_LEVEL: info → debug`. */
  readonly words: string;
};

/** More are not told one by one. */
export const MOST_DIFFERENCES = 200;
const LONGEST = 200;

type Setting = { readonly raw: string; readonly shown: string; readonly isHidden: boolean };

/** Settings whose parts people name. */
const NAMED_BY_PEOPLE: ReadonlySet<string> = new Set([
  'environment',
  'args',
  'labels',
  'options',
  'driverOptions',
  'sysctls',
  'engines',
]);
const SECRET_NAME = /secret|token|pass|pwd|credential|private|auth|key|dsn|salt|signature|webhook|cookie/i;
const SECRET_VALUE =
  /:\/\/[^/\s@]*:[^/\s@]+@|-----BEGIN|(pass(word)?|pwd|secret|token|key)\s*=|^eyJ|^[A-Za-z0-9+/_=-]{32,}$|hooks\.slack/i;
const SECRET_FLAG = /^--?[\w-]*(secret|token|pass|pwd|credential|key)/i;

/** Sorted by the order of the file format; at most `MOST_DIFFERENCES`. */
export function differencesOf(before: ServiceSpec, after: ServiceSpec): readonly Difference[] {
  const [old, now] = [settingsOf(before), settingsOf(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])];
  return names
    .filter((name) => old.get(name)?.raw !== now.get(name)?.raw)
    .slice(0, MOST_DIFFERENCES)
    .map((name) => differenceOf(name, old.get(name), now.get(name)));
}

/** What a release of `to` in place of `from` changes besides the code; null where a version is not known any more. */
export function changesBetween(from: Version | null, to: Version | null): readonly Difference[] | null {
  return from === null || to === null ? null : differencesOf(from.spec, to.spec);
}

function differenceOf(setting: string, old: Setting | undefined, now: Setting | undefined): Difference {
  const isHidden = old?.isHidden === true || now?.isHidden === true;
  if (isHidden) {
    const what = old === undefined ? 'set' : now === undefined ? 'removed' : 'changed';
    return { setting, from: null, to: null, isHidden, words: `${setting}: ${what}, not shown` };
  }
  const [from, to] = [old?.shown ?? null, now?.shown ?? null];
  return { setting, from, to, isHidden, words: `${setting}: ${from ?? 'not set'} → ${to ?? 'not set'}` };
}

function settingsOf({ name: _name, ...spec }: ServiceSpec): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [key, value] of Object.entries(spec)) {
    // What a container is made of is written at the top of a service in the file.
    addSetting(settings, key === 'container' ? [] : [wordsOf(key)], key, value, false);
  }
  return settings;
}

function addSetting(
  settings: Map<string, Setting>,
  path: readonly string[],
  key: string,
  value: unknown,
  isPair: boolean,
): void {
  if (value === null || value === undefined) return;
  if (typeof value === 'object' && !Array.isArray(value)) {
    const arePairs = NAMED_BY_PEOPLE.has(key);
    for (const [name, part] of Object.entries(value)) {
      addSetting(settings, [...path, arePairs ? name : wordsOf(name)], name, part, arePairs);
    }
    return;
  }
  if (Array.isArray(value) && value.length === 0) return;
  const isHidden = (isPair && SECRET_NAME.test(key)) || mayBeSecret(value);
  const label = path.join(' ').slice(0, LONGEST);
  // Both, when a container has a setting of the same name as its service.
  const name = settings.has(label) ? `container ${label}` : label;
  settings.set(name, { raw: JSON.stringify(value), shown: cut(textOf(value, key)), isHidden });
}

/** Whether any text in it looks like a secret, or is the content of a file or of a variable named like one. */
function mayBeSecret(value: unknown, key = ''): boolean {
  if (typeof value === 'string') return key === 'text' || SECRET_VALUE.test(value) || SECRET_FLAG.test(value);
  if (Array.isArray(value)) return value.some((part) => mayBeSecret(part, key));
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, part]) => {
    return (typeof part === 'string' && NAMED_BY_PEOPLE.has(key) && SECRET_NAME.test(name)) || mayBeSecret(part, name);
  });
}

/** `keepWarmMs` is `keep warm`, `isSticky` is `sticky`. */
function wordsOf(key: string): string {
  const words = key.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase();
  return words.replace(/^(is|has|needs) /, '').replace(/ (ms|bytes)$/, '');
}

function textOf(value: unknown, key: string): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return numberText(value, key);
  if (typeof value === 'string') return value === '' ? '""' : value;
  if (Array.isArray(value)) {
    const areWords = value.every((part) => typeof part === 'string');
    return value.map((part) => textOf(part, key)).join(areWords ? ' ' : ', ');
  }
  const parts = Object.entries(value ?? {}).filter(([, part]) => part !== null && part !== false);
  return parts.map(([name, part]) => partText(name, part)).join(' ');
}

function partText(name: string, part: unknown): string {
  if (part === true) return wordsOf(name);
  if (name === 'weight') return `${part}%`;
  return `${wordsOf(name)} ${textOf(part, name)}`;
}

const MIB = 1024 * 1024;

function numberText(value: number, key: string): string {
  if (key.endsWith('Ms')) return value < 1000 ? `${value}ms` : formatDuration(value);
  return /bytes$/i.test(key) && value > 0 && value % MIB === 0 ? `${value / MIB}M` : `${value}`;
}

function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}
