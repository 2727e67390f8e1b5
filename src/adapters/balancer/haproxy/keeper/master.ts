// Questions to HAProxy through its master socket, which also reaches workers that are ending.
import { connect } from 'node:net';
import { Failure } from '../../../../core/failure.ts';

const TIMEOUT_MS = 5_000;

/** The answer to one command. Failure: `unavailable`. */
export function askMaster(socket: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const connection = connect(socket, () => connection.end(`${command}\n`));
    const fail = (why: string) => {
      connection.destroy();
      reject(new Failure('unavailable', `HAProxy does not answer on ${socket}: ${why}.`));
    };
    connection.setTimeout(TIMEOUT_MS, () => fail(`no answer within ${TIMEOUT_MS / 1000} s`));
    connection.setEncoding('latin1');
    connection.on('data', (chunk: string) => {
      text += chunk;
    });
    connection.once('error', (error) => fail(error.message));
    connection.once('end', () => resolve(text));
  });
}

export type Workers = {
  /** The one that takes new connections; null between two. */
  readonly current: number | null;
  /** Those that only finish what they have. */
  readonly ending: readonly number[];
  /** Reloads that failed since the last that did not. */
  readonly failed: number;
};

/** The text of `show proc`. */
export function workersIn(text: string): Workers {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  const pids = (isFound: (fields: readonly string[]) => boolean) =>
    rows.filter((fields) => fields[1] === 'worker' && isFound(fields)).map((fields) => Number(fields[0]));
  return {
    current: pids((fields) => fields[2] === '0')[0] ?? null,
    ending: pids((fields) => fields[2] !== '0'),
    failed: Number(/\[failed: (\d+)\]/.exec(text)?.[1] ?? 0),
  };
}

/** One entry of a table: what the requests have in common, how many are under way, and what is stored with it. */
export type Row = { readonly key: string; readonly open: number; readonly values: Readonly<Record<string, number>> };

/** The text of `show table`. */
export function rowsIn(text: string): Row[] {
  const rows: Row[] = [];
  for (const line of text.split('\n')) {
    const from = line.indexOf(': key=');
    const to = line.lastIndexOf(' use=');
    if (from < 0 || to < from) continue;
    const values: Record<string, number> = {};
    for (const word of line.slice(to + 1).split(' ')) {
      const at = word.indexOf('=');
      values[word.slice(0, at)] = Number(word.slice(at + 1));
    }
    rows.push({ key: unescaped(line.slice(from + ': key='.length, to)), open: values.use ?? 0, values });
  }
  return rows;
}

function unescaped(key: string): string {
  return key.includes('\\') ? key.replace(/\\(.)/g, '$1') : key;
}

/** Open requests by `backend/server`, from the text of `show stat -1 4 -1`. */
export function openIn(text: string): Map<string, number> {
  const [head = '', ...rows] = text.split('\n');
  const names = head.replace(/^# /, '').split(',');
  const [backend, server, current, queued] = ['pxname', 'svname', 'scur', 'qcur'].map((one) => names.indexOf(one));
  return new Map(
    rows
      .map((row) => row.split(','))
      .filter((fields) => fields.length > 5)
      .map((fields) => [
        `${fields[backend ?? 0]}/${fields[server ?? 1]}`,
        Number(fields[current ?? 0]) + Number(fields[queued ?? 0]),
      ]),
  );
}
