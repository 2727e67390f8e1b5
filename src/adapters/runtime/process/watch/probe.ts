// One question to an instance: are you ready?
import { spawn } from 'node:child_process';
import { get } from 'node:http';
import { connect } from 'node:net';
import type { Readiness } from '../../../../core/spec/project.ts';
import { formatDuration } from '../../../../core/time.ts';
import { filled } from '../launch/words.ts';

/** Whom to ask, and where a command that asks runs. */
export type Asked = {
  readonly readiness: Readiness;
  /** Default 127.0.0.1. */
  readonly host?: string;
  readonly port: number;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Somebody in between accepts connections also when the instance does not listen: it must still be open after so long. */
  readonly heldMs?: number;
};

const HERE = '127.0.0.1';
const ANSWER_BYTES = 65_536;

/** Empty when the instance is ready, else why not, in words. Never rejects; ends early when `signal` is aborted. */
export async function probe(asked: Asked, signal: AbortSignal): Promise<string> {
  const { readiness, host = HERE } = asked;
  const place = { host, port: asked.port };
  if (readiness.type === 'http') return askHttp(place, readiness.path, readiness.timeoutMs, signal);
  if (readiness.type === 'port') return askPort(place, readiness.timeoutMs, signal, asked.heldMs ?? 0);
  if (readiness.type === 'command') return askCommand(asked, readiness.command, readiness.timeoutMs, signal);
  return '';
}

type Place = { readonly host: string; readonly port: number };

function askHttp({ host, port }: Place, path: string, timeoutMs: number, signal: AbortSignal): Promise<string> {
  const what = `GET http://${host}:${port}${path}`;
  return within(timeoutMs, signal, `${what} gave no answer within ${formatDuration(timeoutMs)}`, (end, limit) => {
    const headers = { 'user-agent': 'fridaymorning', connection: 'close' };
    const request = get({ host, port, path, agent: false, headers, signal: limit }, (response) => {
      const status = response.statusCode ?? 0;
      end(status >= 200 && status < 300 ? '' : `${what} answered ${status}`);
      // The answer is read, so that the instance does not see a broken connection; within reason.
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES) request.destroy();
      });
      response.on('error', () => undefined);
    });
    request.on('error', (error) => end(`${what} ${connectionWords(error)}`));
  });
}

function askPort({ host, port }: Place, timeoutMs: number, signal: AbortSignal, heldMs: number): Promise<string> {
  const what = `a connection to ${host}:${port}`;
  return within(timeoutMs, signal, `${what} was not accepted within ${formatDuration(timeoutMs)}`, (end, limit) => {
    const socket = connect({ host, port, signal: limit }, () => {
      const isOpen = () => {
        end('');
        socket.destroy();
      };
      if (heldMs === 0) return isOpen();
      const timer = setTimeout(isOpen, heldMs);
      socket.once('data', isOpen);
      socket.once('close', () => {
        clearTimeout(timer);
        end(`${what} was accepted and closed at once: nothing listens behind it`);
      });
    });
    socket.on('error', (error) => end(`${what} ${connectionWords(error)}`));
  });
}

function askCommand(asked: Asked, command: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<string> {
  const [program = '', ...words] = filled(command, asked.environment);
  const what = `"${[program, ...words].join(' ').slice(0, 200)}"`;
  return within(timeoutMs, signal, `${what} was not done within ${formatDuration(timeoutMs)}`, (end, limit) => {
    const { folder: cwd, environment: env } = asked;
    const child = spawn(program, words, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let last = '';
    const keep = (chunk: Buffer) => {
      last = (last + chunk.toString()).slice(-400);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => end(`${what} could not be started: ${error.message}`));
    child.on('exit', (code, by) => {
      const said = last.trim().split('\n').at(-1) ?? '';
      const how = by === null ? `ended with exit status ${code}` : `was ended by ${by}`;
      end(code === 0 ? '' : `${what} ${how}${said === '' ? '' : `: ${said.slice(0, 200)}`}`);
    });
    limit.addEventListener('abort', () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {}
      child.stdout.destroy();
      child.stderr.destroy();
    });
  });
}

/** Runs `ask` until it calls `end` or time is up; `limit` is aborted when nobody waits for it any more. */
function within(
  timeoutMs: number,
  signal: AbortSignal,
  late: string,
  ask: (end: (reason: string) => void, limit: AbortSignal) => void,
): Promise<string> {
  const limit = new AbortController();
  return new Promise((resolve) => {
    const stop = () => {
      resolve(late);
      limit.abort();
    };
    const timer = setTimeout(stop, timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    ask((reason) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve(reason);
    }, limit.signal);
    if (signal.aborted) stop();
  });
}

function connectionWords(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ECONNREFUSED') return 'was refused: nothing listens there yet';
  if (code === 'ECONNRESET') return 'was cut before an answer';
  return `failed: ${error.message}`;
}
