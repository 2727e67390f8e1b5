// Strict reading of JSON fields: what is not expected is an error that names the field, what was expected and what came. Pure.
import { nearest } from '../spec/nearest.ts';

/** What is wrong, without where: `"requests" is -1; expected a whole number from 0 on`. */
export class Unexpected extends Error {}

export type Reader<T> = (value: unknown, name: string) => T;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

export function refuse(name: string, value: unknown, expected: string): never {
  const got = value === undefined ? 'is missing' : `is ${shown(value)}`;
  throw new Unexpected(`${name === '' ? 'the line' : `"${name}"`} ${got}; expected ${expected}`);
}

/** From `least` on, at most the greatest whole number that is exact. */
export function whole(least = 0, most = Number.MAX_SAFE_INTEGER): Reader<number> {
  const expected = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  return (value, name) => {
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
    return refuse(name, value, `a whole number ${expected}`);
  };
}

export function number(least: number, most: number): Reader<number> {
  return (value, name) => {
    if (typeof value === 'number' && value >= least && value <= most) return value;
    return refuse(name, value, `a number from ${least} to ${most}`);
  };
}

/** At most so many characters. */
export function text(most: number): Reader<string> {
  return (value, name) => {
    if (typeof value === 'string' && value.length <= most) return value;
    return refuse(name, value, `a text of at most ${most} characters`);
  };
}

export const flag: Reader<boolean> = (value, name) =>
  typeof value === 'boolean' ? value : refuse(name, value, 'true or false');

export function oneOf<T>(...values: readonly T[]): Reader<T> {
  return (value, name) => {
    const found = values.find((one) => one === value);
    return found === undefined ? refuse(name, value, values.map((one) => JSON.stringify(one)).join(' or ')) : found;
  };
}

export function list<T>(most: number, item: Reader<T>): Reader<readonly T[]> {
  return (value, name) => {
    if (!Array.isArray(value) || value.length > most) return refuse(name, value, `a list of at most ${most}`);
    return value.map((one, index) => item(one, `${name}[${index}]`));
  };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How each field of T is read; a field that T may lack is `optional`. */
export type Fields<T> = {
  readonly [Key in keyof T]-?: Reader<T[Key] | (undefined extends T[Key] ? undefined : never)>;
};

/** A field that may be left out. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, name) => (value === undefined ? undefined : read(value, name));
}

/** An object with these fields and no others, its keys in the order of `fields`. */
export function object<T>(fields: Fields<T>): Reader<T> {
  const known = Object.keys(fields);
  return (value, name) => {
    if (!isObject(value)) return refuse(name, value, 'an object');
    const prefix = name === '' ? '' : `${name}.`;
    const strange = Object.keys(value).find((key) => !known.includes(key));
    if (strange !== undefined) {
      const found = nearest(strange, known);
      const hint = found === null ? `expected ${known.join(', ')}` : `did you mean "${found}"?`;
      throw new Unexpected(`"${prefix}${strange}" is not known; ${hint}`);
    }
    const read: Record<string, unknown> = {};
    for (const key of known) {
      const got = fields[key as keyof T](value[key], `${prefix}${key}`);
      if (got !== undefined) read[key] = got;
    }
    return read as T;
  };
}
