// Who listens on a port of this machine, from /proc.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename } from 'node:path';

/** Whether a program could listen there now. */
export function isPortFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** State 0A of /proc/net/tcp. Source: proc_net(5), include/net/tcp_states.h. */
const LISTEN = '0A';

/** Inodes of the sockets that listen on the port, in the text of /proc/net/tcp or tcp6. */
export function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.split(':')[1] === wanted && fields[3] === LISTEN)
    .flatMap((fields) => fields[9] ?? []);
}

/** Who listens. */
export type Holder = { readonly pid: number; readonly name: string; readonly commandLine: string };

/** Null when it cannot be told (another user's process, no /proc). */
export function holderOf(port: number): Holder | null {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningInodes(textOf(file), port)));
  if (inodes.size === 0) return null;
  for (const pid of entriesOf('/proc').filter((name) => /^\d+$/.test(name))) {
    const isHolder = entriesOf(`/proc/${pid}/fd`).some((fd) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    });
    if (isHolder) return holder(Number(pid));
  }
  return null;
}

/** The program, not the thread: a Node process calls its first one MainThread. */
function holder(pid: number): Holder {
  const words = textOf(`/proc/${pid}/cmdline`).split('\0');
  const name = basename((words[0] ?? '').split(' ')[0] ?? '') || textOf(`/proc/${pid}/comm`).trim() || 'a process';
  return { pid, name, commandLine: words.join(' ').trim() };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
