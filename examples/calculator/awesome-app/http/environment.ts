// The parameters of a service, read from its environment: every mistake is collected and named, none is guessed around.

export type Environment = {
  /** What is wrong so far, one sentence each. */
  readonly problems: readonly string[];
  /** The value, or '' when the variable is unset or empty. */
  text(name: string): string;
  /** A number between `min` and `max`; without `fallback` the variable is required. */
  number(name: string, range: { min: number; max: number; isWhole: boolean; fallback?: number }): number;
  /** One of `choices`; unset = the first. */
  choice<const T extends string>(name: string, choices: readonly [T, ...T[]]): T;
  /** An address with one of the given schemes, without a slash at its end; null when it is optional and unset. */
  address(name: string, rule: { schemes: readonly string[]; example: string; isRequired: boolean }): string | null;
  /** `host:port`; null when unset. */
  hostAndPort(name: string): { readonly host: string; readonly port: number } | null;
};

export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const problems: string[] = [];
  const text = (name: string) => variables[name]?.trim() ?? '';
  return {
    problems,
    text,
    number(name, { min, max, isWhole, fallback }) {
      const value = text(name);
      if (value === '' && fallback !== undefined) return fallback;
      const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max && (!isWhole || Number.isInteger(number))) return number;
      const wanted = `a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`;
      problems.push(
        value === '' ? `${name} is missing: set it to ${wanted}.` : `${name} is "${value}", not ${wanted}.`,
      );
      return min;
    },
    choice(name, choices) {
      const value = text(name);
      const chosen = value === '' ? choices[0] : choices.find((choice) => choice === value);
      if (chosen !== undefined) return chosen;
      problems.push(`${name} is "${value}", not one of: ${choices.filter((choice) => choice !== '').join(', ')}.`);
      return choices[0];
    },
    address(name, { schemes, example, isRequired }) {
      const value = text(name);
      if (value === '') {
        if (isRequired) problems.push(`${name} is missing: set it to an address, for example ${name}=${example}.`);
        return null;
      }
      const url = URL.parse(value);
      if (url !== null && url.hostname !== '' && schemes.includes(url.protocol)) return value.replace(/\/+$/, '');
      problems.push(`${name} is "${value}", not an address such as ${example}.`);
      return null;
    },
    hostAndPort(name) {
      const value = text(name);
      if (value === '') return null;
      const [, host, port] = /^\[?([^\s/@[\]]+?)\]?:(\d{1,5})$/.exec(value) ?? [];
      if (host !== undefined && Number(port) >= 1 && Number(port) <= 65_535) return { host, port: Number(port) };
      problems.push(`${name} is "${value}", not host:port such as 127.0.0.1:8125.`);
      return null;
    },
  };
}
