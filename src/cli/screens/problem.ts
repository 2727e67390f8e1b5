// Errors as people and programs read them: what, the last words of what failed, then the remedy.
import { Failure, type FailureDetail, sentenceOf } from '../../core/failure.ts';
import { paintOf } from '../output/paint.ts';
import { cleaned } from '../output/text.ts';

export type Wrong = {
  /** For programs: a code of the API, or `usage`, `spec_invalid`, `unreachable`, `cancelled`, `bug`. */
  readonly code: string;
  readonly message: string;
  readonly detail: FailureDetail;
};

/** `error: what`, its evidence and its remedy, indented. */
export function errorLines(wrong: Wrong, color: boolean): string[] {
  const paint = paintOf(color);
  const { hint, evidence, position } = wrong.detail;
  const lines = [`${paint.bad('error:')} ${inLine(wrong.message)}`];
  if (position) lines.push(`  --> ${position.file}:${position.line}:${position.column}`);
  if (evidence && evidence.length > 0) {
    lines.push('  its last lines:', ...evidence.slice(-20).map((line) => `    ${cleaned(line).trimEnd()}`));
  }
  if (hint) lines.push(...hint.split('\n').map((line) => `  ${remedy(line)}`));
  return lines;
}

/** A sentence of ours in the middle of a line: lower case, no full stop. */
export function inLine(sentence: string): string {
  return lowered(cleaned(sentence)).replace(/\.$/, '');
}

function lowered(text: string): string {
  return text.replace(/^[A-Z](?=[a-z]*[ '])/, (letter) => letter.toLowerCase());
}

/** A hint that goes on after the command is a sentence. */
const MOST_WORDS = 5;

function remedy(hint: string): string {
  const text = cleaned(hint);
  const isCommand = text.startsWith('friday ') && text.split(' ').length <= MOST_WORDS;
  return isCommand ? `try: ${text}` : inLine(text);
}

/** The body of an error with --json. */
export function errorBody(wrong: Wrong): { readonly error: Readonly<Record<string, unknown>> } {
  const { hint, evidence, position } = wrong.detail;
  return {
    error: {
      code: wrong.code,
      message: wrong.message,
      ...(position ? { file: position.file, line: position.line, column: position.column } : {}),
      ...(hint ? { hint } : {}),
      ...(evidence && evidence.length > 0 ? { evidence } : {}),
    },
  };
}

/** What anything thrown means to the reader. What is no `Failure` is a mistake in friday itself. */
export function wrongOf(error: unknown, isVerbose: boolean): Wrong {
  if (error instanceof Failure) {
    const code = error.name === 'Unreachable' ? 'unreachable' : error.code;
    return { code, message: error.message, detail: error.detail };
  }
  const stack = error instanceof Error && error.stack ? error.stack.split('\n').slice(1, 21) : [];
  return {
    code: 'bug',
    message: `this is a mistake in friday itself: ${sentenceOf(error)}`,
    detail: isVerbose ? { evidence: stack } : { hint: 'run it again with -v for the stack, and report it' },
  };
}
