// The single values of the file as zod schemas: what is accepted, what it becomes, and what an editor shows.
import { z } from 'zod';
import { parseDuration } from '../time.ts';
import { nearest } from './nearest.ts';

/** What `parse` gives for a value in the wrong form when it knows what to do about it. */
type Refusal = { readonly refusal: string };

export function refusal(hint: string): Refusal {
  return { refusal: hint };
}

function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && 'refusal' in value;
}

/**
 * A value that `parse` understands; null or a refusal from it means that the value is not `expected`. The text of the
 * issue is what was expected and, on a second line, the hint.
 */
function scalar<T, V extends string | number | boolean>(
  expected: string,
  kinds: z.ZodType<V>,
  parse: (value: V) => T | Refusal | null,
) {
  return kinds.transform((value, context): T => {
    const parsed = parse(value);
    if (parsed !== null && !isRefusal(parsed)) return parsed;
    const hint = isRefusal(parsed) ? `\n${parsed.refusal}` : '';
    context.issues.push({ code: 'custom', message: `expected ${expected}${hint}`, input: value });
    return z.NEVER;
  });
}

function wrong(expected: string) {
  return { error: `expected ${expected}` };
}

/** For the editor only, where any text with a variable passes: what it holds is checked once it is filled in. */
function pattern(source: string): { pattern: string } {
  return { pattern: `${source}|\\$` };
}

/** A text in the form that `expected` names. */
export function textLike<T>(expected: string, form: string, parse: (text: string) => T | Refusal | null) {
  return scalar(expected, z.string(wrong(expected)).meta(pattern(form)), parse);
}

/** The same, also written as a number. */
export function textOrNumber<T>(expected: string, form: string, parse: (text: string) => T | Refusal | null) {
  const kinds = z.union([z.number(), z.string().meta(pattern(form))], wrong(expected));
  return scalar(expected, kinds, (value) => parse(String(value)));
}

const YEAR_MS = 366 * 86_400_000;

/** Milliseconds of `2m`, `1m30s`, `0`; at least `minMs`, at most a year. */
export function duration(minMs = 0) {
  const expected = 'a duration, like 20m';
  const form = pattern('^(0|(\\d+(\\.\\d+)?(us|ms|s|m|h|d))+)$');
  const kinds = z.union([z.string().meta(form), z.literal(0)], wrong(expected));
  const smallest = minMs >= 1000 ? `${minMs / 1000}s` : `${minMs}ms`;
  return scalar(expected, kinds, (value) => parseDuration(String(value)))
    .refine((ms) => ms >= minMs, { error: `expected a duration of at least ${smallest}` })
    .refine((ms) => ms <= YEAR_MS, { error: 'expected a duration of at most 366d' });
}

/** A whole number in a range, also as text, because that is what a variable gives. */
export function whole(min: number, max: number) {
  const expected = `a whole number from ${min} to ${max}`;
  const number = z.number().meta({ type: 'integer', minimum: min, maximum: max });
  const kinds = z.union([number, z.string().meta(pattern('^\\d+$'))], wrong(expected));
  return scalar(expected, kinds, (value) => {
    const parsed = typeof value === 'string' && !/^\d+$/.test(value) ? Number.NaN : Number(value);
    return Number.isInteger(parsed) && parsed >= min && parsed <= max ? parsed : null;
  });
}

/** A number above `min` and up to `max`, also as text. */
export function numberAbove(min: number, max: number) {
  const expected = `a number above ${min} and up to ${max}`;
  const number = z.number().meta({ exclusiveMinimum: min, maximum: max });
  const kinds = z.union([number, z.string().meta(pattern('^\\d+(\\.\\d+)?$'))], wrong(expected));
  return scalar(expected, kinds, (value) => {
    const parsed = typeof value === 'string' && !/^\d+(\.\d+)?$/.test(value) ? Number.NaN : Number(value);
    return parsed > min && parsed <= max ? parsed : null;
  });
}

/** Yes or no, also as text. */
export function flag() {
  const kinds = z.union([z.boolean(), z.string().meta(pattern('^(true|false)$'))], wrong('true or false'));
  return scalar('true or false', kinds, (value) => {
    return String(value) === 'true' ? true : String(value) === 'false' ? false : null;
  });
}

/** Percent of `0.5%` as a number: 0.5. Above 0 and at most `max`. */
export function percentage(max: number, expected = 'a percentage, like 0.5%') {
  return textLike(expected, '^\\d+(\\.\\d+)?%$', (value) => {
    const [, digits] = /^(\d+(?:\.\d+)?)\s*%$/.exec(value.trim()) ?? [];
    const amount = Number(digits);
    return digits !== undefined && amount > 0 && amount <= max ? amount : null;
  });
}

/** A weight in percent above 0 and below 100, in steps of 0.01: `5`, `0.5`, `"5%"`. */
export function weight() {
  const expected = 'a weight in percent above 0 and below 100, like 5';
  const number = z.number().meta({ exclusiveMinimum: 0, exclusiveMaximum: 100 });
  const kinds = z.union([number, z.string().meta(pattern('^\\d+(\\.\\d+)?%?$'))], wrong(expected));
  return scalar(expected, kinds, (value) => {
    const amount = weightOf(value);
    if (amount === 100) return refusal('leave 100 out: promotion follows the last weight');
    return amount !== null && amount >= 0.01 && amount <= 99.99 ? amount : null;
  });
}

/** The same, 100 too. */
export function weightOrAll() {
  const expected = 'a weight of the plan, or 100';
  const number = z.number().meta({ exclusiveMinimum: 0, maximum: 100 });
  const kinds = z.union([number, z.string().meta(pattern('^\\d+(\\.\\d+)?%?$'))], wrong(expected));
  return scalar(expected, kinds, weightOf);
}

/** A share in percent from 0 to `max`, in steps of 0.01: `5`, `0`, `"2.5%"`. */
export function portion(max: number) {
  const expected = `a share in percent from 0 to ${max}, like 5`;
  const number = z.number().meta({ minimum: 0, maximum: max });
  const kinds = z.union([number, z.string().meta(pattern('^\\d+(\\.\\d+)?%?$'))], wrong(expected));
  return scalar(expected, kinds, (value) => {
    const amount = weightOf(value);
    return amount !== null && amount <= max ? amount : null;
  });
}

/** `5`, `"5"` or `"5%"` as 5, rounded to hundredths; null for anything else. */
function weightOf(value: string | number): number | null {
  const text = String(value).trim();
  if (!/^\d+(\.\d+)?\s*%?$/.test(text)) return null;
  return Math.round(Number.parseFloat(text) * 100) / 100;
}

/** A path of an HTTP address. */
export function httpPath(example: string) {
  const expected = `a path that starts with /, like ${example}`;
  return textLike(expected, '^/\\S*$', (value) =>
    /^\/[\x21-\x7e]*$/.test(value) && !value.includes('#') ? value : null,
  );
}

/** Any text; a number where Compose wants text is an error there too. */
export function anyText(expected = 'a text') {
  return z.string(wrong(expected));
}

/** A text in a form; `words` are what may have been meant by another. */
export function keyword(expected: string, words: readonly string[], form: RegExp) {
  return textLike(expected, form.source, (value) => {
    if (form.test(value)) return value;
    const near = nearest(value, words);
    return near === null ? null : refusal(`did you mean "${near}"?`);
  });
}

/** One of a few words. */
export function oneOf<const W extends readonly [string, ...string[]]>(words: W) {
  const all = words.length === 1 ? words[0] : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return z.enum(words, wrong(all ?? ''));
}

/** A mapping with these keys only. The error text of an unknown key is the list of the known ones, see check.ts. */
export function keyed<S extends z.ZodRawShape>(shape: S) {
  const known = Object.keys(shape).join(' ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : 'expected a mapping'),
  });
}
