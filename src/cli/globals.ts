// The flags that every verb has, before and after its name.
import { Option } from 'commander';
import type { Flags } from './call.ts';
import type { ColourWhen, Environment } from './output/paint.ts';
import type { Progress } from './output/terminal.ts';
import { collect } from './values.ts';

/** What commander's Command is here: options only, whatever their types. */
type Options = { addOption(option: Option): unknown; readonly options: readonly Option[] };

/** The global flags, newly made for one command. */
export function globalOptions(): Option[] {
  return [
    new Option('-f, --file <path>', 'the compose file; several are laid over each other').argParser(collect),
    new Option('--profile <name>', 'turn a profile of the compose file on').argParser(collect),
    new Option('-H, --host <url>', 'another control plane (FRIDAY_HOST; its token: FRIDAY_TOKEN, FRIDAY_TOKEN_FILE)'),
    new Option('--json', 'answer in JSON, errors too'),
    new Option('--progress <how>', 'how to show what goes on').choices(['auto', 'tty', 'plain', 'quiet']),
    new Option('--color <when>', 'use colour').choices(['auto', 'always', 'never']),
    new Option('-q, --quiet', 'only the answer'),
    new Option('-v, --verbose', 'say more; stacks of errors'),
    new Option('-y, --yes', 'answer yes to questions'),
    new Option('-n, --dry-run', 'say what would be done, and do nothing'),
  ];
}

/** Adds them to a verb, hidden in its help but for those named in `shown`; a short form that the verb uses itself is left out. */
export function addGlobals(command: Options, shown: readonly string[] = []): void {
  const taken = new Set(command.options.flatMap((option) => [option.short, option.long]));
  for (const option of globalOptions()) {
    if (taken.has(option.long)) continue;
    const isTaken = option.short !== undefined && taken.has(option.short);
    const flags = isTaken ? option.flags.replace(/^-\w, /, '') : option.flags;
    const own = new Option(flags, option.description);
    if (option.parseArg) own.argParser(option.parseArg);
    if (option.argChoices) own.choices(option.argChoices);
    command.addOption(shown.includes(option.long ?? '') ? own : own.hideHelp());
  }
}

type Raw = Readonly<Record<string, unknown>>;

/** The flags given before the verb and after it; those after it win, files and profiles add up. */
export function flagsOf(before: Raw, after: Raw, env: Environment): Flags {
  const pick = (name: string) => after[name] ?? before[name];
  const all = (name: string) => [before[name], after[name]].flatMap((list) => (Array.isArray(list) ? list : []));
  const host = pick('host') ?? env.FRIDAY_HOST;
  return {
    file: all('file'),
    profile: all('profile'),
    host: typeof host === 'string' && host !== '' ? host : null,
    json: pick('json') === true,
    progress: (pick('progress') as Progress | undefined) ?? 'auto',
    color: (pick('color') as ColourWhen | undefined) ?? 'auto',
    quiet: pick('quiet') === true,
    verbose: pick('verbose') === true,
    yes: pick('yes') === true,
    dryRun: pick('dryRun') === true,
  };
}
