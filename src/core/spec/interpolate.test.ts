// Variables in text: every form that Compose knows, and what is said about the ones that cannot be filled.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the braces belong to Compose
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interpolate } from './interpolate.ts';

const values: Record<string, string> = { SET: 'value', EMPTY: '', DOLLAR: '$SET', WORD: 'a b' };
const lookup = (name: string) => values[name];
const fill = (text: string) => interpolate(text, lookup).text;

describe('interpolate', () => {
  it.each([
    ['$SET-$SET', 'value-value'],
    ['${SET}s', 'values'],
    ['$$SET', '$SET'],
    ['$$$SET', '$value'],
    ['${UNSET:-other}', 'other'],
    ['${EMPTY:-other}', 'other'],
    ['${EMPTY-other}', ''],
    ['${UNSET-other}', 'other'],
    ['${SET:-other}', 'value'],
    ['${SET:+other}', 'other'],
    ['${EMPTY:+other}', ''],
    ['${EMPTY+other}', 'other'],
    ['${UNSET+other}', ''],
    ['${SET:?needed}', 'value'],
    ['${EMPTY?needed}', ''],
    ['${UNSET:-${SET}}', 'value'],
    ['${UNSET:-${EMPTY:-${SET}!}}', 'value!'],
    ['${UNSET:-{"a": {"b": 1}}}', '{"a": {"b": 1}}'],
    ['${UNSET:-$$5}', '$5'],
    ['${UNSET:-}', ''],
    ['$DOLLAR', '$SET'],
  ])('makes %s into %j', (text, expected) => {
    const result = interpolate(text, lookup);
    expect(result).toEqual({ text: expected, findings: [] });
  });

  it('leaves text without a dollar sign as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(!text.includes('$'));
        expect(interpolate(text, lookup)).toEqual({ text, findings: [] });
      }),
    );
  });

  it('gives any text back whose dollar signs are doubled', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'A', ':', '-', ' ') }), (text) => {
        expect(fill(text.replaceAll('$', () => '$$'))).toBe(text);
      }),
    );
  });

  it('points at the variable that is missing, also inside a default', () => {
    const { text, findings } = interpolate('a ${B:-$C} ${D:?why $SET}', lookup);
    expect(text).toBe('a  ');
    expect(findings).toMatchObject([
      { severity: 'warning', at: 7, width: 2, message: 'the variable C is not set; it is taken as empty' },
      { severity: 'error', at: 11, width: 14, message: 'the variable D is not set: why value' },
    ]);
  });

  it('keeps variables that get their value later, without a default', () => {
    const isKept = (name: string) => name === 'PORT';
    expect(interpolate('$PORT ${PORT} ${PORT:-1} $SET', lookup, { isKept })).toEqual({
      text: '$PORT ${PORT} ${PORT} value',
      findings: [],
    });
  });

  it.each(['$', 'a $ b', '${', '${}', '${A', '${A:-${B}', '${A|b}', '${1}', '$1'])('refuses %j', (text) => {
    expect(interpolate(text, lookup).findings).toMatchObject([{ severity: 'error' }]);
  });

  it('refuses depth and length without end', () => {
    expect(interpolate(`${'${A:-'.repeat(100)}${'}'.repeat(100)}`, lookup).findings).toMatchObject([
      { severity: 'error', message: 'variables are nested more than 16 deep' },
    ]);
    const long = interpolate('$A'.repeat(1000), () => 'x'.repeat(1000));
    expect(long).toMatchObject({ text: '', findings: [{ severity: 'error' }] });
  });
});
