// The service as a process: what it answers, which parameters it takes, and how it ends. From its sources, and as the image has it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../test/ports.ts';
import { answer } from './hello/answer.ts';
import { readParameters } from './hello/parameters.ts';

const folder = mkdtempSync(join(tmpdir(), 'hello-'));
beforeAll(() => {
  cpSync(join(import.meta.dirname, 'hello'), folder, { recursive: true });
  const built = spawnSync(process.execPath, ['build.ts'], { cwd: folder, encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SOURCES = 'entrypoint.ts';
const BUILT = 'dist/entrypoint.js';

async function start(file: string) {
  const port = await freePort();
  const child = spawn(process.execPath, [file], { cwd: folder, env: { PORT: String(port) }, stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  await once(createInterface(child.stdout), 'line');
  return { port, child, ended, url: `http://127.0.0.1:${port}` };
}

describe.each([SOURCES, BUILT])('hello from %s', (file) => {
  it('answers GET /hello with the world', async () => {
    const { url } = await start(file);
    const response = await fetch(`${url}/hello?x=1`);
    expect([response.status, response.headers.get('content-type'), await response.json()]).toEqual([
      200,
      'application/json',
      { hello: 'world' },
    ]);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/hello`, { method: 'HEAD' })).headers.get('content-length')).toBe('18');
  });

  it('finishes a request that comes on an open connection after SIGTERM, and ends with 0', async () => {
    const { child, ended, port } = await start(file);
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const ask = () =>
      new Promise<number>((resolve, reject) => {
        get({ port, path: '/hello', agent }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0));
        }).on('error', reject);
      });
    expect(await ask()).toBe(200);
    const line = once(createInterface(child.stdout), 'line');
    child.kill('SIGTERM');
    await line;
    expect(await ask()).toBe(200);
    expect(await ended).toEqual([0, null]);
  });

  it.each([
    [{}, /PORT is missing/],
    [{ PORT: '70000' }, /PORT is \\"70000\\", not a whole number from 1 to 65535/],
    [{ PORT: '5000', HOST: 'a b' }, /HOST is \\"a b\\", not an address/],
  ])('ends with 64 and says what is wrong with %o', (env, words) => {
    const { status, stderr } = spawnSync(process.execPath, [file], { cwd: folder, env, encoding: 'utf8' });
    expect(stderr).toMatch(words);
    expect(status).toBe(64);
  });

  it('ends with 1 when its port is taken', async () => {
    const { port } = await start(file);
    const second = spawnSync(process.execPath, [file], { cwd: folder, env: { PORT: `${port}` }, encoding: 'utf8' });
    expect([second.status, second.stderr]).toEqual([1, expect.stringContaining('EADDRINUSE')]);
  });
});

describe('the health check of the image', () => {
  const check = (port: number) =>
    spawnSync(process.execPath, ['dist/health.js'], { cwd: folder, env: { PORT: String(port) } }).status;

  it('passes while the service answers, and fails when it has gone', async () => {
    const { child, ended, port } = await start(BUILT);
    expect(check(port)).toBe(0);
    child.kill('SIGKILL');
    await ended;
    expect(check(port)).toBe(1);
  });
});

describe('what is taken', () => {
  it('is GET and HEAD of two paths', () => {
    expect([answer('POST', '/hello').status, answer('GET', '/').status, answer('HEAD', '/health').status]).toEqual([
      405, 404, 200,
    ]);
  });

  it('is told at once, for all parameters', () => {
    const read = readParameters({ PORT: '0', HOST: '?' });
    expect('problems' in read ? read.problems : []).toHaveLength(2);
  });
});

it('the image has nothing in it but the built files', () => {
  const built = readdirSync(join(folder, 'dist')).sort();
  expect(built).toEqual(['answer.js', 'entrypoint.js', 'health.js', 'package.json', 'parameters.js', 'server.js']);
  expect(readFileSync(join(folder, 'dist', 'entrypoint.js'), 'utf8')).not.toContain(".ts'");
});
