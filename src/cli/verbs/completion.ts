// friday completion: a script for bash, zsh or fish, made from the command tree.
import type { ExitCode } from '../../api/tables.ts';
import type { Call } from '../call.ts';
import { completionScript, type Shell } from '../help/completion.ts';
import type { CommandTree } from '../help/tree.ts';

export async function completion(call: Call, shell: Shell, tree: CommandTree): Promise<ExitCode> {
  const script = completionScript(tree, shell);
  call.terminal.answer(script.trimEnd());
  call.terminal.json({ shell, script });
  return 0;
}
