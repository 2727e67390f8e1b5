// The four operations, on decimal numbers that come as text.

export const OPERATIONS = ['add', 'subtract', 'multiply', 'divide'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** `isBadNumber` tells a number that cannot be read from a calculation that has no result. */
export type Outcome =
  | { readonly isOk: true; readonly a: number; readonly b: number; readonly result: number }
  | { readonly isOk: false; readonly isBadNumber: boolean; readonly title: string; readonly detail: string };

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)$/;
const MAX_LENGTH = 40;
const LARGEST = 1e15;

/** Reads plain decimals such as `-12.5`: no exponent, no spaces, at most 40 characters, -1e15 to 1e15. Anything else is null. */
export function parseDecimal(text: string): number | null {
  if (text.length > MAX_LENGTH || !DECIMAL.test(text)) return null;
  const number = Number(text);
  return Math.abs(number) <= LARGEST ? number : null;
}

export function calculate(operation: Operation, textA: string, textB: string): Outcome {
  const a = parseDecimal(textA);
  if (a === null) return badNumber('a', textA);
  const b = parseDecimal(textB);
  if (b === null) return badNumber('b', textB);
  if (operation === 'divide' && b === 0) {
    return {
      isOk: false,
      isBadNumber: false,
      title: 'Cannot divide by zero',
      detail: 'Choose a divisor other than 0.',
    };
  }
  return { isOk: true, a, b, result: apply(operation, a, b) };
}

function apply(operation: Operation, a: number, b: number): number {
  switch (operation) {
    case 'add':
      return a + b;
    case 'subtract':
      return a - b;
    case 'multiply':
      return a * b;
    case 'divide':
      return a / b;
  }
}

function badNumber(name: string, text: string): Outcome {
  const got = text === '' ? 'nothing' : `"${text.slice(0, MAX_LENGTH)}"`;
  const detail = `${name} must be a decimal number from -1e15 to 1e15 written without an exponent, such as -12.5; got ${got}.`;
  return { isOk: false, isBadNumber: true, title: 'Not a number', detail };
}
