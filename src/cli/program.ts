// The program: its command tree put together, run once, and every error turned into words and an exit code.
import { Command, CommanderError } from 'commander';
import { type ExitCode, exitCodeOf } from '../api/tables.ts';
import type { Call, Clock } from './call.ts';
import { globalOptions } from './globals.ts';
import { referencePage } from './help/reference.ts';
import { exitCodesHelp, flagsHelp, programHelp, verbHelp } from './help/text.ts';
import { treeOf, verbNode } from './help/tree.ts';
import type { Environment } from './output/paint.ts';
import { type Streams, Terminal } from './output/terminal.ts';
import { accessVerbs } from './tree/access.ts';
import type { Runner } from './tree/act.ts';
import { everydayVerbs } from './tree/everyday.ts';
import { otherVerbs } from './tree/others.ts';
import { Usage, unknownVerb, usageOf } from './usage.ts';
import { ownVersion } from './version.ts';

/** Everything of the outside that a run may touch. */
export type Host = {
  readonly streams: Streams;
  readonly env: Environment;
  readonly cwd: string;
  readonly clock: Clock;
  readonly interrupt: Call['interrupt'];
  /** Instead of looking for the control plane of the project. */
  readonly connect?: Call['connect'];
};

/** Runs one command line (without node and script). Never throws; gives the exit code. */
export async function runProgram(argv: readonly string[], host: Host): Promise<ExitCode> {
  let exit: ExitCode = 0;
  const runner: Runner = {
    env: host.env,
    call: (flags) => callOf(host, flags),
    exit: (code) => {
      exit = code;
    },
  };
  try {
    await createProgram(runner, host.streams).parseAsync([...argv], { from: 'user' });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const { reportError } = await import('./report.ts');
    reportError(error, argv, host);
    return exitCodeOf(error);
  }
}

function callOf(host: Host, flags: Call['flags']): Call {
  const { env, cwd, clock, interrupt, streams } = host;
  const call = { flags, terminal: new Terminal(streams, flags, env), env, cwd, clock, interrupt };
  return { ...call, connect: host.connect ?? (async () => (await import('./connect.ts')).connectTo(call)) };
}

/** The whole command tree. */
export function createProgram(runner: Runner, streams: Pick<Streams, 'stdout'>): Command {
  const program = new Command('friday')
    .description('ship on Friday, sleep on Saturday')
    .version(ownVersion(), '-V, --version', 'the version of friday')
    .helpOption('-h, --help', 'help; friday VERB -h for one verb')
    .enablePositionalOptions()
    .helpCommand(false)
    .argument('[verb]')
    .action((verb) => {
      if (verb !== undefined) throw unknownVerb(verb, namesOf(program));
      program.outputHelp();
    });
  for (const option of globalOptions()) program.addOption(option);
  for (const verb of [...everydayVerbs(runner), ...otherVerbs(runner), ...accessVerbs(runner)]) {
    program.addCommand(verb as unknown as Command);
  }
  program.addCommand(helpVerb(program, streams), { hidden: true });
  for (const command of [program, ...program.commands]) prepare(command, program, streams);
  return program;
}

function namesOf(program: Command): string[] {
  return program.commands.map((command) => command.name());
}

/** Help in our form, and errors thrown instead of printed. */
function prepare(command: Command, program: Command, streams: Pick<Streams, 'stdout'>): void {
  command
    .configureHelp({
      formatHelp: () => (command === program ? programHelp(visibleTree(program)) : verbHelp(verbNode(command))),
    })
    .configureOutput({ writeOut: (text) => void streams.stdout.write(text), writeErr: () => {} })
    .showSuggestionAfterError(false)
    // The words behind one that is no verb say nothing about what is wrong.
    .allowExcessArguments(command === program)
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : usageOf(error, command);
    });
  if (command !== program) command.helpOption('-h, --help', 'this help');
}

function visibleTree(program: Command) {
  const tree = treeOf(program);
  return { ...tree, verbs: tree.verbs.filter((verb) => verb.name !== 'help') };
}

/** `friday help`, `friday help VERB`, `friday help flags`, `friday help exit-codes`, `friday help --json`. */
function helpVerb(program: Command, { stdout }: Pick<Streams, 'stdout'>): Command {
  return new Command('help')
    .description('this help; flags, exit-codes, or a verb')
    .argument('[topic]')
    .option('--json', 'the whole command tree')
    .option('--markdown', 'the reference page')
    .action((topic: string | undefined, options: { json?: true; markdown?: true }) => {
      const tree = visibleTree(program);
      if (options.json || program.opts().json === true) stdout.write(`${JSON.stringify(tree, null, 2)}\n`);
      else stdout.write(options.markdown ? referencePage(tree) : topicHelp(program, topic));
    });
}

function topicHelp(program: Command, topic: string | undefined): string {
  const tree = visibleTree(program);
  if (topic === undefined) return programHelp(tree);
  if (topic === 'exit-codes') return exitCodesHelp(tree.exitCodes);
  if (topic === 'flags') return flagsHelp(tree.flags);
  const verb = tree.verbs.find((one) => one.name === topic);
  if (verb) return verbHelp(verb);
  const known = [...tree.verbs.map((one) => one.name), 'flags', 'exit-codes'];
  throw new Usage(`there is no help on "${topic}"; there is on ${known.join(', ')}`, 'friday help');
}
