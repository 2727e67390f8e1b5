// Colours by meaning, and when to use them. Colour never says anything that a word or a glyph does not say too.
import { styleText } from 'node:util';

/** Version identity (stable, candidate) and status (good, warn, bad) never share a hue. */
export type Paint = {
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly stable: (text: string) => string;
  readonly candidate: (text: string) => string;
  readonly found: (text: string) => string;
};

export type Tone = keyof Paint;

type Format = Parameters<typeof styleText>[0];

const brush = (format: Format) => (text: string) =>
  text === '' ? '' : styleText(format, text, { validateStream: false });
const same = (text: string) => text;

const COLOURED: Paint = {
  good: brush('green'),
  warn: brush('yellow'),
  bad: brush('red'),
  dim: brush('dim'),
  strong: brush('bold'),
  stable: brush('cyan'),
  candidate: brush('magenta'),
  found: brush(['bold', 'underline']),
};

const PLAIN: Paint = {
  good: same,
  warn: same,
  bad: same,
  dim: same,
  strong: same,
  stable: same,
  candidate: same,
  found: same,
};

export function paintOf(isColoured: boolean): Paint {
  return isColoured ? COLOURED : PLAIN;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export type ColourWhen = 'auto' | 'always' | 'never';

/** Whether a stream gets colour: the flag, then FORCE_COLOR, NO_COLOR, TERM=dumb, then whether it is a terminal. */
export function isColoured(when: ColourWhen, isTerminal: boolean, env: Environment): boolean {
  if (when !== 'auto') return when === 'always';
  const force = env.FORCE_COLOR;
  if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
  if (env.NO_COLOR) return false;
  if (env.TERM === 'dumb') return false;
  return isTerminal;
}
