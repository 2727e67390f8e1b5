// What `friday up` is about to do, and what became of it, service by service.
import type { ChangeView, UpView } from '../../api/views.ts';
import { formatDuration } from '../../core/time.ts';
import { type Paint, paintOf } from '../output/paint.ts';
import { cleaned, cut, ends, listed, padEnd, plural, widthOf, wrap } from '../output/text.ts';

type Sign = { readonly glyph: string; readonly tone: keyof Paint; readonly word: string };

const SIGNS: Readonly<Record<ChangeView['action'], Sign>> = {
  add: { glyph: '+', tone: 'good', word: 'addition' },
  change: { glyph: '~', tone: 'warn', word: 'change' },
  scale: { glyph: '~', tone: 'warn', word: 'change' },
  configure: { glyph: '~', tone: 'warn', word: 'change' },
  restart: { glyph: '+', tone: 'good', word: 'restart' },
  remove: { glyph: '-', tone: 'bad', word: 'removal' },
  orphan: { glyph: '?', tone: 'dim', word: '' },
  same: { glyph: '=', tone: 'dim', word: '' },
};

const WIDEST = 100;
const LONGEST_NAME = 28;

/** `compose.yaml: 1 change and 2 additions`, then a line per service. */
export function planScreen(
  view: UpView,
  file: string,
  options: { readonly width: number; readonly color: boolean },
): string[] {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 2;
  const names = nameWidth(view.changes.map((change) => change.service));
  const lines = view.changes.flatMap((change) => {
    const sign = SIGNS[change.action];
    const name = padEnd(cut(change.service, names), names);
    const [first = '', ...rest] = textLines(cleaned(change.text), width - names - 4);
    const shown = (text: string) => (sign.tone === 'dim' ? paint.dim(text) : text);
    const margin = ' '.repeat(names + 6);
    return [`  ${paint[sign.tone](sign.glyph)} ${name}  ${shown(first)}`, ...rest.map((line) => margin + shown(line))];
  });
  return ['', `  ${cut(file, 40)}: ${countsOf(view)}`, '', ...lines, ...listenLines(view, paint, width), ''];
}

/** What changes on the left and how on the right, when both fit; else one after the other. */
function textLines(text: string, room: number): string[] {
  const [what = '', how] = text.split(/ {3,}/, 2);
  const both = how === undefined ? null : ends(what, how, room);
  return both === null ? wrap(how === undefined ? what : `${what}, ${how}`, room) : [both];
}

function listenLines({ listen }: UpView, paint: Paint, width: number): string[] {
  if (listen === null) return [];
  const [from, to] = [listen.from, listen.to].map((one) => one.join(' and ') || 'nowhere');
  const { glyph, tone } = SIGNS.configure;
  return [`  ${paint[tone](glyph)} ${cut(`requests arrive at ${to} instead of ${from}`, width - 2)}`];
}

/** `1 change and 2 additions`, `nothing to do`. */
export function countsOf({ changes, listen }: UpView): string {
  const words = ['removal', 'change', 'addition', 'restart'];
  const told = [...changes.map((change) => SIGNS[change.action].word), ...(listen === null ? [] : ['change'])];
  const counts = words
    .map((word) => [told.filter((one) => one === word).length, word] as const)
    .filter(([amount]) => amount > 0)
    .map(([amount, word]) => plural(amount, word));
  return counts.length === 0 ? 'nothing to do' : listed(counts);
}

/** Whether anything changes. */
export function isIdle(changes: readonly ChangeView[]): boolean {
  return changes.every((change) => SIGNS[change.action].word === '');
}

function nameWidth(names: readonly string[]): number {
  return Math.min(LONGEST_NAME, Math.max(0, ...names.map(widthOf)));
}

/** What one service has come to. */
export type Outcome = {
  readonly service: string;
  readonly kind: 'waiting' | 'done' | 'failed' | 'held';
  readonly text: string;
  readonly ms: number;
};

const OUTCOMES: Readonly<Record<Outcome['kind'], readonly [glyph: string, tone: keyof Paint]>> = {
  waiting: ['◌', 'strong'],
  done: ['✓', 'good'],
  failed: ['✕', 'bad'],
  held: ['▲', 'warn'],
};

/** `✓ api      v42 healthy, has 1% of traffic         3.8s`. */
export function outcomeLine(
  outcome: Outcome,
  names: readonly string[],
  options: { readonly width: number; readonly color: boolean },
): string {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 2;
  const [glyph, tone] = OUTCOMES[outcome.kind];
  const widest = nameWidth(names);
  const name = padEnd(cut(outcome.service, widest), widest);
  const time = formatDuration(outcome.ms);
  const text = cut(cleaned(outcome.text), width - widest - 4 - time.length - 2);
  const left = `${paint[tone](glyph)} ${name}  ${text}`;
  return `  ${ends(left, paint.dim(time), width) ?? left}`;
}
