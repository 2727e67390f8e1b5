// Folders that only their owner may enter: the authority over the unix socket and the token rests on them.
import { chmodSync, lstatSync, mkdirSync, type Stats } from 'node:fs';
import { Failure, sentenceOf } from '../core/failure.ts';

/**
 * Makes the folder with mode 700, or brings it to that: for a folder that is ours alone, like the state folder.
 * Failures: `refused` (it belongs to another user), `unavailable` (cannot be made).
 */
export function closeOwnFolder(path: string): void {
  const seen = ownFolder(path);
  if (isOpen(seen)) chmodSync(path, 0o700);
}

/**
 * Makes the folder with mode 700; one that was there must be closed to others already, as it may hold things that are
 * not ours. Failures: `refused`, `unavailable`.
 */
export function requireClosedFolder(path: string): void {
  const seen = ownFolder(path);
  if (!isOpen(seen)) return;
  const mode = (seen.mode & 0o777).toString(8);
  throw new Failure('refused', `The folder ${path} has mode ${mode}, so others may enter it; expected 700.`, {
    hint: `If nobody else needs it: chmod 700 ${path}`,
  });
}

function ownFolder(path: string): Stats {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Failure('unavailable', `The folder ${path} cannot be made: ${sentenceOf(error)}.`, {
      hint: 'Set FRIDAY_STATE_DIR to a folder that you may write to.',
    });
  }
  const seen = lstatSync(path);
  if (seen.uid === process.getuid?.()) return seen;
  throw new Failure('refused', `The folder ${path} belongs to user ${seen.uid}; expected it to be yours.`, {
    hint: 'Run as that user, or set FRIDAY_STATE_DIR to a folder of your own.',
  });
}

function isOpen(seen: Stats): boolean {
  return !seen.isSymbolicLink() && (seen.mode & 0o077) !== 0;
}
