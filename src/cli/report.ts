// Says what went wrong: in words on stderr, as one JSON object on stdout with --json.
import { formatProblems } from '../core/spec/problem.ts';
import { SpecInvalid } from './open.ts';
import { type Environment, isColoured } from './output/paint.ts';
import type { Streams } from './output/terminal.ts';
import { errorBody, errorLines, type Wrong, wrongOf } from './screens/problem.ts';
import { Usage } from './usage.ts';

type Outside = { readonly streams: Streams; readonly env: Environment; readonly cwd: string };

/** Flags are taken from the raw words: the error may be that they could not be parsed. */
export function reportError(error: unknown, argv: readonly string[], { streams, env, cwd }: Outside): void {
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
  const wrong = wrongIn(error, words.includes('-v') || words.includes('--verbose'));
  if (words.includes('--json')) {
    const problems = error instanceof SpecInvalid ? { problems: error.problems } : {};
    const body = errorBody(wrong);
    streams.stdout.write(`${JSON.stringify({ error: { ...body.error, ...problems } })}\n`);
    return;
  }
  const color = isColoured(colourIn(words), streams.stderr.isTTY === true, env);
  const text =
    error instanceof SpecInvalid
      ? formatProblems(error.problems, { color, folder: cwd })
      : `${errorLines(wrong, color).join('\n')}\n`;
  streams.stderr.write(text);
}

function wrongIn(error: unknown, isVerbose: boolean): Wrong {
  const wrong = wrongOf(error, isVerbose);
  if (error instanceof Usage) return { ...wrong, code: 'usage' };
  return error instanceof SpecInvalid ? { ...wrong, code: 'spec_invalid' } : wrong;
}

function colourIn(words: readonly string[]): 'auto' | 'always' | 'never' {
  const given = words.find((word) => word.startsWith('--color='))?.slice('--color='.length);
  const when = given ?? (words.includes('--color') ? words[words.indexOf('--color') + 1] : 'auto');
  return when === 'always' || when === 'never' ? when : 'auto';
}
