// Help as people read it: examples first, then flags; at most 80 columns.
import { padEnd, wrap } from '../output/text.ts';
import type { CommandTree, Example, FlagNode, VerbNode } from './tree.ts';

const WIDTH = 79;

const GROUPS = ['Everyday', 'Check', 'Set up', 'People'] as const;

/** `friday -h`. */
export function programHelp(tree: CommandTree): string {
  const widest = Math.max(...tree.verbs.map((verb) => verb.name.length));
  const group = (name: string) => {
    const verbs = tree.verbs.filter((verb) => verb.group === name);
    return [name, ...verbs.map((verb) => `  ${verb.name.padEnd(widest)}  ${verb.summary}`), ''];
  };
  const flags = wrap(tree.flags.map((flag) => shortFlag(flag)).join(', '), WIDTH - 2).map((line) => `  ${line}`);
  return text([
    `friday ${tree.version}   ${tree.description}`,
    '',
    ...GROUPS.flatMap(group),
    'Flags of every verb (friday help flags)',
    ...flags,
    '',
    'friday VERB -h for flags and examples; friday help exit-codes',
  ]);
}

/** `friday VERB -h`. */
export function verbHelp(verb: VerbNode): string {
  return text([
    ...wrap(`friday ${verb.name}: ${verb.summary}`, WIDTH),
    '',
    ...exampleLines(verb.examples),
    `Usage: ${verb.usage.replaceAll('…', '...')}`,
    '',
    ...section(
      'Arguments',
      verb.arguments.map((one): Row => [one.name.replace('…', '...'), one.description]),
    ),
    ...section('Flags', verb.flags.map(flagRow)),
    'Flags of every verb: friday help flags',
  ]);
}

/** `friday help flags`. */
export function flagsHelp(flags: readonly FlagNode[]): string {
  return text(['Flags of every verb, before or after its name', '', ...rows(flags.map(flagRow))]);
}

/** `friday help exit-codes`. */
export function exitCodesHelp(codes: CommandTree['exitCodes']): string {
  return text(['Exit codes', '', ...codes.map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`)]);
}

type Row = readonly [left: string, right: string];

function flagRow(flag: FlagNode): Row {
  const choices = flag.choices === null ? '' : `: ${flag.choices.join(', ')}`;
  const indented = flag.flags.startsWith('--') ? `    ${flag.flags}` : flag.flags;
  return [indented, flag.description + choices];
}

/** `--json`, `-f FILE`. */
function shortFlag(flag: FlagNode): string {
  const [first = ''] = flag.flags.split(', ');
  const value = /<([^>]+)>/.exec(flag.flags)?.[1];
  return value === undefined || first.includes('<')
    ? first.replace(/ <([^>]+)>/, (_, name) => ` ${name.toUpperCase()}`)
    : `${first} ${value.toUpperCase()}`;
}

function exampleLines(examples: readonly Example[]): string[] {
  if (examples.length === 0) return [];
  return [...rows(examples), ''];
}

function section(title: string, lines: readonly Row[]): string[] {
  return lines.length === 0 ? [] : [title, ...rows(lines), ''];
}

/** Two columns; what is too wide on the left takes a line of its own. */
function rows(lines: readonly Row[]): string[] {
  const left = Math.min(40, Math.max(...lines.map(([one]) => one.length)));
  return lines.flatMap(([one, other]) => {
    const [first = '', ...more] = wrap(other, WIDTH - left - 4);
    const margin = ' '.repeat(left + 4);
    const rest = more.map((line) => margin + line);
    return one.length > left ? [`  ${one}`, margin + first, ...rest] : [`  ${padEnd(one, left)}  ${first}`, ...rest];
  });
}

function text(lines: readonly string[]): string {
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}
