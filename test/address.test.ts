// The public addresses of a project: a taken one changes nothing, one that moves is served at once.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

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
  const other = createServer();
  free = await portOf(other);
  await new Promise((done) => other.close(done));
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
