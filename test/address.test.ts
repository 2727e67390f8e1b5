// The addresses of a project: a public one that is taken changes nothing, one that moves is served at once; internal ones are replaced.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';

const main = resolve(import.meta.dirname, '../src/cli/main.ts');
const dir = mkdtempSync(join(tmpdir(), 'friday-address-'));
const env = { ...process.env, FRIDAY_STATE_DIR: join(dir, 'state'), FRIDAY_BY: 'ana', CI: '', FORCE_COLOR: '' };

type Ran = { readonly code: number; readonly out: string; readonly err: string };

function friday(...argv: string[]): Promise<Ran> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...argv], { cwd: dir, env }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

function listenAt(...listen: string[]): void {
  const service = 'x-friday: { port: 3000, route: "*" }';
  writeFileSync(
    join(dir, 'compose.yaml'),
    `name: shop
services:
  web: { build: ./web, command: node server.mjs, ${service} }
x-friday: { listen: ${JSON.stringify(listen)} }\n`,
  );
}

const answerOf = async (host: string, port: number) => (await fetch(`http://${host}:${port}/`)).text();

let stranger: Server;
let taken: number;
let free: number;

beforeAll(async () => {
  mkdirSync(join(dir, 'web'));
  const code = `import { createServer } from 'node:http';
createServer((_, answer) => answer.end('hello')).listen(process.env.PORT, '127.0.0.1');\n`;
  writeFileSync(join(dir, 'web', 'server.mjs'), code);
  stranger = createServer();
  taken = await portOf(stranger);
  free = await freePort();
});

afterAll(async () => {
  await friday('down', '-y');
  await new Promise((done) => stranger.close(done));
  rmSync(dir, { recursive: true, force: true });
});

function portOf(server: Server): Promise<number> {
  return new Promise((done) => {
    server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port));
  });
}

describe('a public address', () => {
  it('that somebody else has is refused before anything starts', async () => {
    listenAt(`127.0.0.1:${taken}`);
    const { code, err } = await friday('up');
    expect(code).toBe(1);
    expect(err).toContain(`requests cannot arrive at 127.0.0.1:${taken}: another process has the port`);
    expect((await friday('status')).out).toContain('Nothing runs yet.');
  });

  it('is served', async () => {
    listenAt(`127.0.0.1:${free}`);
    expect((await friday('up')).code).toBe(0);
    expect(await answerOf('127.0.0.1', free)).toBe('hello');
  });

  it('that somebody else has changes nothing for what runs', async () => {
    listenAt(`127.0.0.1:${free}`, `127.0.0.1:${taken}`);
    expect((await friday('up')).code).toBe(1);
    const { out } = await friday('status');
    expect(out).not.toContain(String(taken));
    expect(await answerOf('127.0.0.1', free)).toBe('hello');
  });

  it('may move to every address of the machine', async () => {
    listenAt(`0.0.0.0:${free}`);
    const { code, out } = await friday('up');
    expect(out).toContain(`~ requests arrive at 0.0.0.0:${free} instead of 127.0.0.1:${free}`);
    expect(out).not.toContain('Nothing changed');
    expect([code, await answerOf('127.0.0.2', free)]).toEqual([0, 'hello']);
    expect((await friday('history')).out).toContain(`ana set where requests arrive: 0.0.0.0:${free}.`);
  });
});

describe('an internal port', () => {
  it('that somebody else takes while the balancer is away is replaced by another one', async () => {
    const { port, pid } = internal();
    process.kill(pid, 'SIGKILL');
    const thief = await thiefOf(port);
    try {
      while ((await answerOf('127.0.0.1', free).catch(() => '')) !== 'hello') await sleep(100);
      const { out } = await friday('history');
      expect(out).toContain(`Port ${port} of 127.0.0.1 is taken by another process`);
      expect(out).toContain(`other services find web at port ${internal().port} now.`);
      expect(internal().port).not.toBe(port);
    } finally {
      await new Promise((done) => thief.close(done));
    }
  });
});

/** The internal port of web, and who listens there. */
function internal(): { readonly port: number; readonly pid: number } {
  const folder = join(dir, 'state', 'shop', 'balancer');
  const { table } = JSON.parse(readFileSync(join(folder, 'table.json'), 'utf8'));
  return { port: table.services[0].internalPort, pid: Number(readFileSync(join(folder, 'proxy.pid'), 'utf8')) };
}

/** Takes the port as soon as it is free. */
async function thiefOf(port: number): Promise<Server> {
  for (;;) {
    const server = createServer();
    const isTaken = new Promise<boolean>((done) => {
      server.once('error', () => done(false));
      server.listen(port, '127.0.0.1', () => done(true));
    });
    if (await isTaken) return server;
    await sleep(1);
  }
}
