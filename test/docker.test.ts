// friday on Docker Engine, as people use it: up, a good release, a broken one, kill -9 of the control plane and of a container, down.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { newTestEngine, type TestEngine } from '../src/adapters/runtime/engine/fixture.ts';
import { describeWith } from './engines.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const COMPOSE = `name: shop
services:
  web:
    build: ./web
    read_only: true
    cap_drop: [ALL]
    mem_limit: 256m
    secrets: [token]
    stop_grace_period: 5s
    deploy: { replicas: 2 }
    depends_on: [api, cache]
    x-friday:
      port: 3000
      route: "*"
      ready: /up
      release: { plan: [50], bake: 1s, requests: 10, pass: requests, keep_warm: 2s, hold_back: 0 }
  api:
    build: ./api
    x-friday: { port: 3000 }
  cache:
    build: ./cache
    expose: [4000]
    volumes: [data:/data]
    x-friday: { url: http }
volumes: { data: {} }
secrets: { token: { file: ./token.txt } }
x-friday:
  runtime: docker
  listen: "127.0.0.1:0"
`;
const DOCKERFILE = 'FROM node-base:local\nCOPY . /app\n';
const SERVE = `
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
process.on('SIGTERM', () => process.exit(0));
const serve = (port, answer) => createServer(async (request, response) => {
  const [status, text] = await answer(request).catch((error) => [500, String(error.cause ?? error)]);
  response.writeHead(status).end(text);
}).listen(port, () => console.log('listens'));
`;
const WEB = (version: string) => `${SERVE}
serve(process.env.PORT, async ({ url }) => {
  if (url === '/up') return [200, ''];
  const { API_URL, CACHE_URL } = process.env;
  const [api, cache] = await Promise.all([API_URL, CACHE_URL].map(async (at) => (await fetch(at)).text()));
  const token = readFileSync('/run/secrets/token', 'utf8');
  const isBroken = ${version === 'broken'};
  return [isBroken ? 500 : 200, ['${version}', api, cache, token].join(' ')];
});`;
const API = `${SERVE} serve(process.env.PORT, async () => [200, 'api']);`;
const CACHE = `${SERVE}
import { appendFileSync } from 'node:fs';
appendFileSync('/data/starts', 'x');
serve(4000, async () => [200, readFileSync('/data/starts', 'utf8')]);`;

const Status = z.object({
  pid: z.number(),
  listening: z.array(z.string()),
  services: z.array(
    z.object({
      name: z.string(),
      stable: z.object({ version: z.number() }).nullable().optional(),
      instances: z.array(z.object({ id: z.string(), state: z.string(), handle: z.string() })),
    }),
  ),
});

describeWith('docker', 'a project on Docker', () => {
  let engine: TestEngine;
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'friday-story-')));
  const folder = join(root, 'project');
  const state = join(root, 'state');
  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const friday = (...words: string[]) => {
    const main = resolve(import.meta.dirname, '../src/cli/main.ts');
    const env = { ...process.env, FRIDAY_STATE_DIR: state, DOCKER_HOST: engine.host, CI: '' };
    return new Promise<{ code: number; out: string; err: string }>((done) => {
      execFile(process.execPath, [main, ...words], { cwd: folder, env }, (error, out, err) => {
        done({ code: error === null ? 0 : Number(error.code), out, err });
      });
    });
  };
  const good = async (...words: string[]) => {
    const ran = await friday(...words);
    if (ran.code !== 0) throw new Error(`friday ${words.join(' ')}: ${ran.code}\n${ran.out}${ran.err}`);
    return ran.out;
  };
  const status = async () => Status.parse(JSON.parse(await good('status', '--json')));
  const web = async () => (await status()).services.find(({ name }) => name === 'web');
  const containers = async (all = false) => {
    const Listed = z.array(z.object({ Id: z.string(), Names: z.array(z.string()) }));
    const found = await engine.engine.get('/containers/json', Listed, { query: { all } });
    return found
      .map(({ Id, Names: [name = ''] }) => ({ id: Id, name: name.slice(1) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  const until = async (check: () => Promise<boolean>, what: string) => {
    const end = Date.now() + 120_000;
    while (!(await check())) {
      if (Date.now() > end)
        throw new Error(`Not within two minutes: ${what}\n${(await friday('status')).out}${engine.log()}`);
      await sleep(200);
    }
  };
  let address = '';
  const ask = async () => {
    const response = await fetch(address).catch((error) => new Response(String(error), { status: 599 }));
    return { status: response.status, text: await response.text() };
  };
  /** Requests without an end; gives what was not answered well. */
  const load = () => {
    const end = new AbortController();
    const bad: string[] = [];
    const lane = async () => {
      while (!end.signal.aborted) {
        const { status: answered, text } = await ask();
        if (answered !== 200) bad.push(`${answered} ${text}`);
        await sleep(10);
      }
    };
    const lanes = Promise.all([lane(), lane()]);
    return async () => {
      end.abort();
      await lanes;
      return bad;
    };
  };

  beforeAll(async () => {
    engine = await newTestEngine();
    write('compose.yaml', COMPOSE);
    write('token.txt', 'token');
    for (const [name, code] of [
      ['web', WEB('one')],
      ['api', API],
      ['cache', CACHE],
    ] as const) {
      write(`${name}/Dockerfile`, DOCKERFILE);
      write(`${name}/server.mjs`, code);
    }
  });
  afterAll(async () => {
    await friday('down', '--yes').catch(() => undefined);
    await engine.remove();
    rmSync(root, { recursive: true, force: true });
  });

  it('starts from its images, and its services find each other', async () => {
    await good('up', '--wait');
    address = (await status()).listening[0] ?? '';
    await until(async () => (await ask()).status === 200, 'web answers');
    expect((await ask()).text).toBe('one api x token');
    expect((await containers()).map(({ name }) => name)).toEqual([
      'shop-api-v1-1',
      'shop-cache-v1-1',
      'shop-web-v1-1',
      'shop-web-v1-2',
    ]);
    expect(await good('up')).toContain('no change');
  });

  it('promotes a good version without a failed request', async () => {
    const end = load();
    write('web/server.mjs', WEB('two'));
    await good('release', 'web');
    expect(await end()).toEqual([]);
    expect((await ask()).text).toBe('two api x token');
  });

  it('takes a broken version back', async () => {
    const end = load();
    write('web/server.mjs', WEB('broken'));
    const { code, out, err } = await friday('release', 'web');
    await end();
    expect(code, out + err).not.toBe(0);
    expect((await ask()).text).toBe('two api x token');
    await until(
      async () => (await containers()).every(({ name }) => !name.includes('web-v3')),
      'the broken version ends',
    );
  });

  it('goes on after kill -9 of the control plane, and adopts its containers', async () => {
    const before = (await containers()).map(({ id }) => id);
    const end = load();
    process.kill((await status()).pid, 'SIGKILL');
    await good('up', '-n');
    await until(
      async () => (await web())?.instances.filter(({ state: one }) => one === 'ready').length === 2,
      'web is ready',
    );
    expect(await end()).toEqual([]);
    expect((await containers()).map(({ id }) => id)).toEqual(before);
  });

  it('starts a container again that was killed', async () => {
    const [victim] = (await containers()).filter(({ name }) => name.includes('web'));
    await engine.engine.order('POST', `/containers/${victim?.id}/kill`);
    await until(async () => {
      const now = (await containers()).filter(({ name }) => name.includes('web'));
      return now.length === 2 && now.every(({ id }) => id !== victim?.id);
    }, 'another container');
    await until(
      async () => (await web())?.instances.filter(({ state: one }) => one === 'ready').length === 2,
      'two are ready',
    );
  });

  it('shows what its containers write', async () => {
    expect(await good('logs', 'cache')).toContain('listens');
  });

  it('stops everything, and finds its data again when it starts', async () => {
    await good('down', '--yes');
    expect(await containers(true)).toEqual([]);
    await good('up', '--wait');
    address = (await status()).listening[0] ?? '';
    await until(async () => (await ask()).text.includes('api xx token'), 'web answers');
  });
});
