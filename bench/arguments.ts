// What the command lines of the benches have in common.

/** Those of `all` that the list names, in the order of `all`. Throws a TypeError with what is wrong. */
export function namesIn<Name extends string>(option: string, list: string, all: readonly Name[]): Name[] {
  const names = [...new Set(list.split(',').map((name) => name.trim()))];
  const wrong = names.find((name) => !all.some((known) => known === name));
  if (wrong !== undefined) throw new TypeError(`${option}: "${wrong}" is none of ${all.join(', ')}`);
  return all.filter((name) => names.includes(name));
}

/** From 1 to `max`. Throws a TypeError with what is wrong. */
export function wholeNumber(option: string, text: string, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new TypeError(`${option} must be a whole number from 1 to ${max}, got "${text}"`);
}
