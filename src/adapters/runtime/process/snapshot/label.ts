// The word by which people know a revision: the commit of its build folder.
import { execFile } from 'node:child_process';

const TIMEOUT_MS = 2000;

/**
 * The short commit, with `+` when the folder has changes that are not committed. Null without git, without a commit,
 * when the commit does not know the folder, or when git takes longer than 2 s: a label is never worth a wait.
 */
export async function commitOf(context: string): Promise<string | null> {
  const [commit, known, changes] = await Promise.all([
    git(context, ['rev-parse', '--short=7', 'HEAD']),
    git(context, ['ls-tree', '--name-only', 'HEAD', '.']),
    git(context, ['status', '--porcelain', '--', '.']),
  ]);
  if (commit === null || changes === null || !known) return null;
  return changes === '' ? commit : `${commit}+`;
}

function git(context: string, words: readonly string[]): Promise<string | null> {
  // The index is left alone and nobody is asked for a password.
  const environment = { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  const options = { env: environment, timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: 8_000_000 } as const;
  return new Promise((resolve) => {
    execFile('git', ['-C', context, ...words], options, (error, output) => {
      resolve(error === null ? output.trim() : null);
    });
  });
}
