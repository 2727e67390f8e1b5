// The keeper of HAProxy as a process of its own: `node main.ts --dir DIR --program HAPROXY`. It outlives whoever started it.
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { sentenceOf } from '../../../../core/failure.ts';
import { openControl } from '../../../../proxy/control.ts';
import { clearFolder, EXIT_TAKEN, type Folder, isOwn, lockFolder, makeFolder } from '../../../../proxy/folder.ts';
import { note } from '../../../../proxy/log.ts';
import { Keeper } from './keeper.ts';

const USAGE = 'Usage: node main.ts --dir DIR --program HAPROXY';
/** Time for open requests after SIGTERM. */
const TERM_GRACE_MS = 10_000;
const ORPHAN_LOOK_MS = 5_000;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { dir: { type: 'string' }, program: { type: 'string' } } });
  if (values.dir === undefined || values.program === undefined) throw new Error(USAGE);
  const dir = resolve(values.dir);
  process.title = `friday-haproxy ${dir}`;
  process.umask(0o077);
  const folder = makeFolder(dir);
  try {
    lockFolder(folder);
  } catch (error) {
    note(sentenceOf(error));
    process.exit(EXIT_TAKEN);
  }
  const keeper = new Keeper(dir, folder, values.program);
  const stop = stopper(keeper, folder);
  process.on('SIGTERM', () => stop(TERM_GRACE_MS));
  // It ends by order of its control plane or by SIGTERM, not because a terminal went away.
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  process.on('uncaughtException', (error) => note(`Bug: ${error.stack}`));
  await keeper.start();
  await openControl(
    {
      apply: (table) => keeper.apply(table),
      seen: () => keeper.seen(),
      observe: (cursor) => keeper.observe(cursor),
      stop,
    },
    folder.socket,
  );
  void endWhenOrphaned(folder, () => stop(0));
  note(`The keeper of HAProxy runs as process ${process.pid}.`);
}

function stopper(keeper: Keeper, folder: Folder): (graceMs: number) => void {
  return (graceMs) => {
    note(`HAProxy stops; open requests have ${graceMs} ms.`);
    void keeper.stop(graceMs).finally(() => {
      clearFolder(folder);
      note('HAProxy has stopped.');
      process.exit(0);
    });
  };
}

/** Nobody can reach it when its folder is gone. */
async function endWhenOrphaned(folder: Folder, end: () => void): Promise<void> {
  while (isOwn(folder)) await wait(ORPHAN_LOOK_MS);
  end();
}

main().catch((error: unknown) => {
  process.stderr.write(`${sentenceOf(error)}\n`);
  process.exit(2);
});
