// The command tree as data: what help, `friday help --json` and the reference page are made of.
import type { Argument, Command, Option } from 'commander';
import { EXIT_CODES } from '../../api/tables.ts';

export type Example = readonly [command: string, what: string];

const EXAMPLES = new WeakMap<object, readonly Example[]>();

/** Keeps the examples of a verb beside it; they come first in its help. */
export function withExamples<C extends object>(command: C, examples: readonly Example[]): C {
  EXAMPLES.set(command, examples);
  return command;
}

export type FlagNode = {
  readonly flags: string;
  readonly description: string;
  readonly choices: readonly string[] | null;
};

export type VerbNode = {
  readonly name: string;
  readonly group: string;
  readonly summary: string;
  readonly usage: string;
  readonly examples: readonly Example[];
  readonly arguments: readonly { readonly name: string; readonly description: string; readonly isRequired: boolean }[];
  readonly flags: readonly FlagNode[];
};

export type CommandTree = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly flags: readonly FlagNode[];
  readonly verbs: readonly VerbNode[];
  readonly exitCodes: readonly { readonly code: number; readonly meaning: string }[];
};

/** The tree of a program; hidden flags and verbs are left out. */
export function treeOf(program: Command): CommandTree {
  return {
    name: program.name(),
    version: program.version() ?? '',
    description: program.description(),
    flags: program.options.filter((option) => option.long !== '--version').map(flagNode),
    verbs: program.commands.map((command) => verbNode(command)),
    exitCodes: EXIT_CODES.map(({ code, meaning }) => ({ code, meaning })),
  };
}

export function verbNode(command: Command): VerbNode {
  const given = command.registeredArguments.map(argumentNode);
  const words = given.map((one) => (one.isRequired ? one.name : `[${one.name}]`));
  return {
    name: command.name(),
    group: command.helpGroup(),
    summary: command.description(),
    usage: ['friday', command.name(), ...words, '[flags]'].join(' '),
    examples: EXAMPLES.get(command) ?? [],
    arguments: given,
    flags: command.options.filter(isVisible).map(flagNode),
  };
}

function isVisible(option: Option): boolean {
  return !option.hidden;
}

function argumentNode(argument: Argument): VerbNode['arguments'][number] {
  const name = argument.name().toUpperCase() + (argument.variadic ? '…' : '');
  return { name, description: argument.description, isRequired: argument.required };
}

function flagNode(option: Option): FlagNode {
  return { flags: option.flags, description: option.description, choices: option.argChoices ?? null };
}
