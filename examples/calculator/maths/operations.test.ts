// The arithmetic, over all the numbers that are taken.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calculate, OPERATIONS, parseDecimal } from './operations.ts';

/** Decimals as people write them, with the number they mean. */
const decimal = fc
  .tuple(fc.constantFrom('', '-', '+'), fc.nat(1_000_000_000), fc.stringMatching(/^\d{0,9}$/))
  .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`);

const expected = {
  add: (a: number, b: number) => a + b,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
  divide: (a: number, b: number) => a / b,
};

describe('calculate', () => {
  it('gives the finite result of any two decimals, but for a division by zero', () => {
    fc.assert(
      fc.property(fc.constantFrom(...OPERATIONS), decimal, decimal, (operation, textA, textB) => {
        const outcome = calculate(operation, textA, textB);
        const [a, b] = [Number(textA), Number(textB)];
        if (operation === 'divide' && b === 0) {
          expect(outcome).toMatchObject({ isOk: false, isBadNumber: false, title: 'Cannot divide by zero' });
        } else {
          expect(outcome).toEqual({ isOk: true, a, b, result: expected[operation](a, b) });
          expect(outcome.isOk && Number.isFinite(outcome.result)).toBe(true);
        }
      }),
    );
  });

  it.each(['0', '-0', '+0.000', '.0', '0.'])('cannot divide by %s', (zero) => {
    expect(calculate('divide', '1', zero)).toMatchObject({ isOk: false, title: 'Cannot divide by zero' });
  });

  it('stays finite at the limits', () => {
    const smallest = `0.${'0'.repeat(37)}1`;
    expect(calculate('divide', '1000000000000000', smallest)).toMatchObject({ isOk: true, result: 1e53 });
    expect(calculate('multiply', '-1000000000000000', '1000000000000000')).toMatchObject({ isOk: true, result: -1e30 });
  });

  it('says which number is wrong and what was given', () => {
    expect(calculate('add', 'one', '2')).toMatchObject({
      isOk: false,
      isBadNumber: true,
      detail: expect.stringMatching(/^a .*got "one"\.$/),
    });
    expect(calculate('add', '1', '')).toMatchObject({
      isOk: false,
      isBadNumber: true,
      detail: expect.stringMatching(/^b .*got nothing\.$/),
    });
  });
});

describe('parseDecimal', () => {
  it.each([
    '',
    ' ',
    '.',
    '-',
    '+-1',
    '1e5',
    '0x10',
    'NaN',
    'Infinity',
    '1,5',
    '1 ',
    '１',
    '1_000',
    '1.2.3',
    '1000000000000001',
    '1'.repeat(41),
  ])('refuses "%s"', (text) => {
    expect(parseDecimal(text)).toBeNull();
  });

  it('never gives anything but null or a finite number up to 1e15', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), decimal), (text) => {
        const number = parseDecimal(text);
        expect(number === null || Math.abs(number) <= 1e15).toBe(true);
      }),
    );
  });
});
