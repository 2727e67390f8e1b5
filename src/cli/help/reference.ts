// The reference page of the command line, made from the command tree; docs/reference/cli.md is its output.
import type { CommandTree, FlagNode, VerbNode } from './tree.ts';

/** Markdown of the whole tree. */
export function referencePage(tree: CommandTree): string {
  return [
    '# The command line',
    '',
    'Made from the command tree by `npm run --silent friday -- help --markdown > docs/reference/cli.md`; a test fails when it is stale.',
    '',
    'The answer goes to stdout, everything else to stderr. With `--json` stdout holds only JSON: one object, or one per line',
    'while something is watched, the last one `{"type":"result",…,"exit":N}`; errors are `{"error":{"code":…,"message":…}}`.',
    'A subject is `SERVICE` or `SERVICE@VERSION`, for example `api@v42`.',
    '',
    ...tree.verbs.flatMap(verbSection),
    '## Flags of every verb',
    '',
    ...flagTable(tree.flags),
    '## Exit codes',
    '',
    '| code | meaning |',
    '| ---: | --- |',
    ...tree.exitCodes.map(({ code, meaning }) => `| ${code} | ${meaning} |`),
    '',
  ].join('\n');
}

function verbSection(verb: VerbNode): string[] {
  const widest = Math.max(0, ...verb.examples.map(([command]) => command.length));
  return [
    `## friday ${verb.name}`,
    '',
    `${verb.summary[0]?.toUpperCase()}${verb.summary.slice(1)}.`,
    '',
    '```sh',
    ...verb.examples.map(([command, what]) => `${command.padEnd(widest)}   # ${what}`),
    '```',
    '',
    `Usage: \`${verb.usage}\``,
    '',
    ...(verb.arguments.length === 0
      ? []
      : [
          '| argument | |',
          '| --- | --- |',
          ...verb.arguments.map((one) => `| \`${one.name}\` | ${cell(one.description)} |`),
          '',
        ]),
    ...(verb.flags.length === 0 ? [] : flagTable(verb.flags)),
  ];
}

function flagTable(flags: readonly FlagNode[]): string[] {
  const rows = flags.map((flag) => {
    const choices = flag.choices === null ? '' : `: ${flag.choices.map((one) => `\`${one}\``).join(', ')}`;
    return `| \`${flag.flags}\` | ${cell(flag.description)}${choices} |`;
  });
  return ['| flag | |', '| --- | --- |', ...rows, ''];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
