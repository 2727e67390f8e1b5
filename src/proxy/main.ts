// The proxy as a process of its own: `node main.ts --dir DIR`. It outlives whoever started it.
import { parseArgs } from 'node:util';
import { Failure, sentenceOf } from '../core/failure.ts';
import type { Table } from '../core/traffic.ts';
import { type Controlled, openControl } from './control.ts';
import {
  clearFolder,
  EXIT_TAKEN,
  type Folder,
  forgetTable,
  loadTable,
  lockFolder,
  makeFolder,
  saveTable,
} from './folder.ts';
import { LIMITS, type ProxyLimits } from './limits.ts';
import { note } from './log.ts';
import { endWhenOrphaned } from './orphan.ts';
import { createProxy, type DataPlane } from './proxy.ts';

const USAGE = 'Usage: node main.ts --dir DIR [--limit name=number]...';
/** Time for open requests after SIGTERM. */
const TERM_GRACE_MS = 10_000;
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { dir: { type: 'string' }, limit: { type: 'string', multiple: true } },
  });
  if (values.dir === undefined) throw new Error(USAGE);
  process.title = `friday-proxy ${values.dir}`;
  const limits = limitsOf(values.limit ?? []);
  process.umask(0o077);
  const folder = makeFolder(values.dir);
  try {
    lockFolder(folder);
  } catch (error) {
    note(sentenceOf(error));
    process.exit(EXIT_TAKEN);
  }
  const proxy = createProxy(limits);
  const stop = stopper(proxy, folder);
  process.on('SIGTERM', () => stop(TERM_GRACE_MS));
  // It ends by order of its control plane or by SIGTERM, not because a terminal went away.
  process.on('SIGINT', () => undefined);
  process.on('SIGHUP', () => undefined);
  // A bug in one request must not take down all others.
  process.on('uncaughtException', (error) => note(`Bug: ${error.stack}`));
  await restore(proxy, folder);
  await openControl(controlled(proxy, folder, stop), folder.socket);
  endWhenOrphaned(proxy, folder, { ...LIMITS, ...limits }.orphanMs, () => stop(0));
  note(`The proxy runs as process ${process.pid}.`);
}

/** Its last table is kept until it is told to stop. */
function controlled(proxy: DataPlane, folder: Folder, stop: (graceMs: number) => void): Controlled {
  return {
    apply: async (table) => {
      await proxy.apply(table, { save: (next, listening) => saveTable(folder, { table: next, ...listening }) });
      note(`Table ${table.revision} routes now.`);
    },
    seen: () => proxy.seen(),
    observe: (cursor) => proxy.observe(cursor),
    stop: (graceMs) => {
      forgetTable(folder);
      stop(graceMs);
    },
  };
}

/** Routes by the last table, so that a crash costs no more than the restart. */
async function restore(proxy: DataPlane, folder: Folder): Promise<void> {
  try {
    const saved = loadTable(folder);
    if (saved === null) return;
    const ports = [...saved.listening, ...(saved.listeningTls ?? [])].map(({ port }) => port);
    await applyAgain(proxy, saved.table, ports);
    note(`Table ${saved.table.revision} routes again.`);
  } catch (error) {
    note(`The saved table is not used: ${sentenceOf(error)}`);
  }
}

/** A certificate that has gone must not keep plain requests from being served; the next table brings HTTPS back. */
async function applyAgain(proxy: DataPlane, table: Table, ports: readonly number[]): Promise<void> {
  try {
    await proxy.apply(table, { ports });
  } catch (error) {
    const { tls, ...rest } = table;
    if (tls === undefined || !(error instanceof Failure) || error.code !== 'invalid') throw error;
    note(`HTTPS is left out: ${sentenceOf(error)}`);
    await proxy.apply({ ...rest, revision: Math.max(0, table.revision - 1) }, { ports });
  }
}

function stopper(proxy: DataPlane, folder: Folder): (graceMs: number) => void {
  return (graceMs) => {
    note(`The proxy stops; open requests have ${graceMs} ms.`);
    void proxy.stop(graceMs).finally(() => {
      clearFolder(folder);
      note('The proxy has stopped.');
      process.exit(0);
    });
  };
}

function limitsOf(given: readonly string[]): Partial<ProxyLimits> {
  return Object.fromEntries(
    given.map((one) => {
      const [name = '', value = ''] = one.split('=');
      if (!(name in LIMITS) || !/^\d+$/.test(value)) {
        throw new Error(`--limit ${one} is wrong: expected name=number with one of ${Object.keys(LIMITS).join(', ')}.`);
      }
      return [name, Number(value)];
    }),
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${sentenceOf(error)}\n`);
  process.exit(2);
});
