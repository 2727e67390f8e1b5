// The control plane as a process: started in the background, killed, replaced, stopped; what runs goes on throughout.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../src/api/client.ts';
import { loadProject } from '../src/cli/project.ts';
import type { Project } from '../src/core/spec/project.ts';
import { serve } from '../src/serve.ts';
import { type DaemonOptions, startDaemon } from '../src/server/daemon.ts';
import { presentIn } from '../src/server/present.ts';
import { freePort } from './ports.ts';

const dir = mkdtempSync(join(tmpdir(), 'friday-serve-'));
const cwd = join(dir, 'project');
const stateDir = join(dir, 'state', 'tiny');
const socketPath = join(stateDir, 'friday.sock');
const client = createClient({ socketPath }, { by: 'ana' });
const environment = { ...process.env, FRIDAY_STATE_DIR: join(dir, 'state') };
const daemon: DaemonOptions = {
  stateDir,
  socketPath,
  args: ['serve', '--background'],
  cwd,
  environment,
  timeoutMs: 40_000,
};

let project: Project;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  mkdirSync(join(cwd, 'web'), { recursive: true });
  const code = `import { createServer } from 'node:http';
createServer((_, answer) => answer.end('hello')).listen(process.env.PORT, '127.0.0.1');\n`;
  writeFileSync(join(cwd, 'web', 'server.mjs'), code);
  const web = `build: ./web
    command: node server.mjs
    x-friday: { port: 5000, route: "*", ready: / }`;
  writeFileSync(
    join(cwd, 'compose.yaml'),
    `name: tiny
services:
  web:
    ${web}
x-friday: { listen: "127.0.0.1:${port}" }\n`,
  );
  const read = loadProject({ cwd, environment: process.env });
  if (!read.project) throw new Error(JSON.stringify(read.problems));
  project = read.project;
});

afterAll(async () => {
  if (await client.isAlive()) await client.down();
  await until(async () => !existsSync(join(stateDir, 'daemon.pid')));
  rmSync(dir, { recursive: true, force: true });
});

const answerOf = async () => (await fetch(url)).text();
const pid = () => presentIn(stateDir)?.pid ?? 0;

describe('the control plane in the background', () => {
  it('is started, works, and runs what it is told to', async () => {
    await startDaemon(daemon);
    expect((await client.status()).pid).toBe(pid());
    await client.up({ project });
    await until(async () => (await client.service('web')).state === 'healthy');
    expect(await answerOf()).toBe('hello');
  });

  it('shows its state to nobody else', () => {
    const modes = [
      stateDir,
      socketPath,
      join(stateDir, 'token'),
      join(stateDir, 'daemon.log'),
      join(stateDir, 'state.db'),
    ];
    expect(modes.map((path) => (statSync(path).mode & 0o777).toString(8))).toEqual(['700', '600', '600', '600', '600']);
  });

  it('keeps a second one out, which says who is there', async () => {
    const second = serve({
      project: 'tiny',
      file: project.file,
      stateDir,
      socketPath,
      port: 0,
      balancer: null,
      runtime: null,
      isForeground: true,
    });
    await expect(second).rejects.toMatchObject({
      code: 'conflict',
      message: `A control plane of tiny runs already (process ${pid()}): it answers at ${socketPath}.`,
    });
    await startDaemon(daemon);
    expect(await client.isReady()).toBe(true);
  });

  it('may be killed: requests are answered, and the next one goes on, also for who was watching', async () => {
    const stop = new AbortController();
    const links: boolean[] = [];
    const watching = (async () => {
      for await (const event of client.events({}, stop.signal, (link) => links.push(link.isLive))) {
        if (event.type === 'command') return event.sentence;
      }
      return null;
    })();
    await sleep(200);
    const before = await client.service('web');
    process.kill(pid(), 'SIGKILL');
    await until(async () => links.includes(false));
    expect(await answerOf()).toBe('hello');
    await startDaemon(daemon);
    await until(async () => links.includes(true));
    const after = await client.service('web');
    expect(after.instances.map((one) => one.handle)).toEqual(before.instances.map((one) => one.handle));
    stop.abort();
    expect(await watching).toBeNull();
  });

  it('ends when asked to, and what runs goes on', async () => {
    const before = pid();
    await client.stop();
    await until(async () => !isRunning(before));
    expect([existsSync(socketPath), existsSync(join(stateDir, 'daemon.pid')), await answerOf()]).toEqual([
      false,
      false,
      'hello',
    ]);
    expect(readFileSync(join(stateDir, 'daemon.log'), 'utf8')).toContain('"why":"ana asked for it"');
  });

  it('ends with everything else after the last service was stopped', async () => {
    await startDaemon(daemon);
    const [control, balancer] = [pid(), Number(readFileSync(join(stateDir, 'balancer', 'proxy.pid'), 'utf8'))];
    expect(await client.down()).toEqual({ services: ['web'], isLast: true });
    await until(async () => !isRunning(control) && !isRunning(balancer));
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  it('that cannot start says why, with its last words', async () => {
    const broken = { ...daemon, environment: { ...environment, FRIDAY_STATE_DIR: '/dev/null' } };
    await expect(startDaemon(broken)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^The control plane did not start: it ended with code \d+\.$/),
      detail: { evidence: expect.arrayContaining([expect.stringContaining('/dev/null')]) },
    });
  });
});

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(isTrue: () => Promise<boolean>, ms = 30_000): Promise<void> {
  for (const end = performance.now() + ms; !(await isTrue()); await sleep(50)) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${isTrue}`);
  }
}
