// Wrong use of the command line: what commander found, in our words, with the nearest right word.
import type { Command, CommanderError } from 'commander';
import { Failure } from '../core/failure.ts';
import { nearest } from '../core/spec/nearest.ts';

/** Exit code 2; nothing was done. */
export class Usage extends Failure {
  constructor(message: string, hint: string) {
    super('invalid', message, { hint });
    this.name = 'Usage';
  }
}

/** The problem in our words. */
export function usageOf(
  error: CommanderError,
  command: Pick<Command, 'name' | 'parent' | 'commands' | 'options'>,
): Usage {
  const path = pathOf(command);
  const [, word] = /'([^']+)'/.exec(error.message) ?? [];
  const hint = `${path} -h`;
  if (error.code === 'commander.unknownOption' && word !== undefined) {
    const flags = command.options.flatMap((option) => [option.long, option.short]).filter((flag) => flag != null);
    return new Usage(`unknown flag "${word}"${suggestion(word, flags)}`, hint);
  }
  if (error.code === 'commander.missingArgument' && word !== undefined) {
    return new Usage(`${word.toUpperCase()} is missing`, hint);
  }
  if (error.code === 'commander.missingMandatoryOptionValue' || error.code === 'commander.optionMissingArgument') {
    return new Usage(`${flagIn(word)} needs a value`, hint);
  }
  if (error.code === 'commander.excessArguments') {
    return new Usage(`too many words after "${path}"`, hint);
  }
  return new Usage(rest(error.message, word), hint);
}

/** A word that is no verb. */
export function unknownVerb(word: string, verbs: readonly string[]): Usage {
  return new Usage(`unknown command "${word}"${suggestion(word, verbs)}`, 'friday -h');
}

function suggestion(word: string, known: readonly string[]): string {
  const found = nearest(word, known);
  return found === null ? '' : `; did you mean "${found}"?`;
}

function pathOf(command: Pick<Command, 'name' | 'parent'>): string {
  const name = command.name();
  return command.parent ? `${command.parent.name()} ${name}` : name;
}

function flagIn(word: string | undefined): string {
  return /--[a-z0-9-]+/.exec(word ?? '')?.[0] ?? word ?? 'a flag';
}

/** `error: option '--steps <percents>' argument 'x' is invalid. expected …` without its ceremony. */
function rest(message: string, word: string | undefined): string {
  const text = message.replace(/^error: /, '');
  const invalid = /argument '([^']*)' is invalid\. ([\s\S]*)$/.exec(text);
  if (!invalid) return text.replaceAll("'", '"');
  const flag = flagIn(word);
  const allowed = (invalid[2] ?? '').replace(/^Allowed choices are /, 'expected ').replace(/\.$/, '');
  return `${flag} "${invalid[1]}": ${allowed}`;
}
