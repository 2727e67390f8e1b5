// Reaches an engine over ssh as the docker command does: each connection is one `docker system dial-stdio` on that machine.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, engineAt } from '../engine/client.ts';

/** `-o BatchMode`: nobody is there to answer a question. */
const OPTIONS = ['-T', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5'];

/** At an address in the words of DOCKER_HOST, ssh:// too; null = such an address is not known. Nothing is asked yet. */
export function engineOfNode(host: string): Engine | null {
  try {
    return host.startsWith('ssh://') ? engineOverSsh(new URL(host)) : engineAt(host);
  } catch {
    return null;
  }
}

/** What ssh is told. Source: docs.docker.com, "Protect the Docker daemon socket": ssh://user@host:port/path/of/socket. */
export function sshWords({ hostname, port, username, pathname }: URL): readonly string[] {
  const user = username === '' ? [] : ['-l', decodeURIComponent(username)];
  const at = port === '' ? [] : ['-p', port];
  const socket = pathname === '' || pathname === '/' ? [] : ['--host', `'unix://${pathname.replaceAll("'", '')}'`];
  return [
    ...OPTIONS,
    ...user,
    ...at,
    '--',
    hostname.replace(/^\[|\]$/g, ''),
    'docker',
    ...socket,
    'system',
    'dial-stdio',
  ];
}

/** The client speaks to a socket of ours, in a folder that nobody else may enter; behind it is ssh. */
function engineOverSsh(address: URL): Engine {
  const folder = mkdtempSync(join(tmpdir(), 'friday-ssh-'));
  const path = join(folder, 'docker.sock');
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    connect(socket, sshWords(address));
  });
  server.listen(path);
  server.on('error', () => undefined);
  server.unref();
  const engine = engineAt(`unix://${path}`);
  return {
    ...engine,
    close: async () => {
      await engine.close();
      server.close();
      for (const socket of open) socket.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function connect(socket: Socket, words: readonly string[]): void {
  const child = spawn('ssh', words, { stdio: ['pipe', 'pipe', 'ignore'] });
  socket.pipe(child.stdin);
  child.stdout.pipe(socket);
  socket.on('error', () => socket.destroy());
  child.stdin.on('error', () => socket.destroy());
  child.once('error', () => socket.destroy());
  child.once('exit', () => socket.end());
  socket.once('close', () => child.kill());
}
