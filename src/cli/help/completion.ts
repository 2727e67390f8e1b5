// Completion scripts for bash, zsh and fish: verbs, their flags, choices, and the services that run.
import type { CommandTree, FlagNode } from './tree.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

/** Asked at each Tab; silent and quick when nothing runs. */
const SERVICES = `friday status --json 2>/dev/null | tr ',' '\\n' | sed -n 's/.*"name":"\\([^"]*\\)".*/\\1/p'`;

export function completionScript(tree: CommandTree, shell: Shell): string {
  if (shell === 'fish') return fishScript(tree);
  const bash = bashScript(tree);
  return shell === 'bash' ? bash : `#compdef friday\nautoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function wordsOf(flags: readonly FlagNode[]): string[] {
  return flags
    .flatMap((flag) => flag.flags.replaceAll(/ ?<[^>]+>/g, '').split(', '))
    .filter((word) => word.startsWith('--'));
}

function takesService(verb: CommandTree['verbs'][number]): boolean {
  return verb.arguments.some((one) => one.name.startsWith('SERVICE'));
}

/** Shells complete files where nothing else is offered; fish has to be told. */
function takesFile(verb: CommandTree['verbs'][number]): boolean {
  return verb.arguments.some((one) => one.name === 'FILE');
}

function bashScript(tree: CommandTree): string {
  const global = wordsOf(tree.flags).join(' ');
  const cases = tree.verbs.map((verb) => {
    const choices = verb.name === 'completion' ? 'bash zsh fish' : '';
    const services = takesService(verb) ? `$(${SERVICES})` : choices;
    return `    ${verb.name}) words="${wordsOf(verb.flags).join(' ')}"; names="${services}" ;;`;
  });
  return `_friday() {
  local current="\${COMP_WORDS[COMP_CWORD]}" verb="" word words="" names=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) verb="$word"; break ;; esac
  done
  case "$verb" in
    "") names="${tree.verbs.map((verb) => verb.name).join(' ')} help" ;;
    help) names="${tree.verbs.map((verb) => verb.name).join(' ')} flags exit-codes" ;;
${cases.join('\n')}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words ${global} --help" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$names" -- "$current")) ;;
  esac
}
complete -o default -F _friday friday
`;
}

function fishScript(tree: CommandTree): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = ['complete -c friday -f'];
  for (const verb of tree.verbs) {
    lines.push(`complete -c friday -n __fish_use_subcommand -a ${verb.name} -d ${quote(verb.summary)}`);
    const here = `-n '__fish_seen_subcommand_from ${verb.name}'`;
    if (takesService(verb)) lines.push(`complete -c friday ${here} -a "(${SERVICES.replaceAll('"', '\\"')})"`);
    if (takesFile(verb)) lines.push(`complete -c friday ${here} -F`);
    for (const flag of verb.flags)
      lines.push(`complete -c friday ${here} ${fishFlag(flag)} -d ${quote(flag.description)}`);
  }
  for (const flag of tree.flags) lines.push(`complete -c friday ${fishFlag(flag)} -d ${quote(flag.description)}`);
  return `${lines.join('\n')}\n`;
}

function fishFlag(flag: FlagNode): string {
  const long = /--([a-z-]+)/.exec(flag.flags)?.[1] ?? '';
  const short = /(?:^|\s)-(\w)\b/.exec(flag.flags)?.[1];
  const choices = flag.choices === null ? '' : ` -a '${flag.choices.join(' ')}'`;
  const value = flag.flags.includes('<') ? ' -r' : '';
  return `${short === undefined ? '' : `-s ${short} `}-l ${long}${value}${choices}`;
}
