// The findings of `friday doctor`, each problem with its remedy under it.
import type { Finding } from '../doctor/check.ts';
import { type Paint, paintOf } from '../output/paint.ts';
import { cleaned, plural, wrap } from '../output/text.ts';

const MARKS: Readonly<Record<Finding['state'], readonly [glyph: string, tone: keyof Paint]>> = {
  ok: ['✓', 'good'],
  warn: ['▲', 'warn'],
  bad: ['✕', 'bad'],
  off: ['○', 'dim'],
};

const WIDEST = 100;

export function doctorScreen(
  findings: readonly Finding[],
  options: { readonly width: number; readonly color: boolean },
): string[] {
  const paint = paintOf(options.color);
  const width = Math.min(options.width, WIDEST) - 4;
  const lines = findings.flatMap(({ state, text, remedy }) => {
    const [glyph, tone] = MARKS[state];
    const parts = wrap(cleaned(text), width);
    const first = `  ${paint[tone](glyph)} ${parts[0] ?? ''}`;
    const rest = parts.slice(1).map((part) => `    ${part}`);
    return [first, ...rest, ...remedy.flatMap((one) => wrap(cleaned(one), width - 4).map((line) => `      ${line}`))];
  });
  return ['', ...lines, '', `  ${totals(findings)}`, ''];
}

/** `1 problem, 2 warnings`. */
export function totals(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length;
  const [problems, warnings] = [count('bad'), count('warn')];
  const words = [
    ...(problems > 0 ? [plural(problems, 'problem')] : []),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
  ];
  return words.length === 0 ? 'No problems.' : words.join(', ');
}
