// People and messages with a real control plane: a yes that only an approver may give, a session over kill -9, a secret that is nowhere.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../src/api/client.ts';
import type { NotificationsView } from '../src/api/notice-views.ts';
import { loadProject } from '../src/cli/project.ts';
import type { Project } from '../src/core/spec/project.ts';
import { type DaemonOptions, startDaemon } from '../src/server/daemon.ts';
import { presentIn } from '../src/server/present.ts';

const dir = mkdtempSync(join(tmpdir(), 'friday-access-'));
const cwd = join(dir, 'project');
const stateDir = join(dir, 'state', 'shop');
const socketPath = join(stateDir, 'friday.sock');
const root = createClient({ socketPath }, { by: 'ops' });
const daemon: DaemonOptions = {
  stateDir,
  socketPath,
  args: ['serve', '--background', '--port', '0'],
  cwd,
  environment: { ...process.env, FRIDAY_STATE_DIR: join(dir, 'state') },
  timeoutMs: 40_000,
};
const SECRET = 'T0000SECRET';
const SIGNING = 'geheimgeheim';

type Event = { type: string; data: { sentence: string; release: number } };
const received: Event[] = [];
const hook = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  if (request.url === `/${SECRET}` && request.headers['webhook-signature']) received.push(JSON.parse(body) as Event);
  response.writeHead(204).end();
});

function listen(): Promise<number> {
  return new Promise((resolve) => {
    hook.listen(0, '127.0.0.1', () => {
      const address = hook.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}

function write(version: number): Project {
  const code = `import { createServer } from 'node:http';
createServer((_, answer) => answer.end('${version}')).listen(process.env.PORT, '127.0.0.1');\n`;
  writeFileSync(join(cwd, 'web', 'server.mjs'), code);
  const { project, problems } = loadProject({ cwd, environment: process.env });
  if (!project) throw new Error(JSON.stringify(problems));
  return project;
}

beforeAll(async () => {
  mkdirSync(join(cwd, 'web'), { recursive: true });
  const notify = '[{ webhook: { url: $HOOK_URL, secret: $HOOK_SECRET }, events: [approval, promoted] }]';
  const web = `web:
    build: ./web
    command: node server.mjs
    x-friday: { port: 5000, route: "*", ready: /, release: { plan: [], approve: [100], keep_warm: 0s } }`;
  writeFileSync(
    join(cwd, 'compose.yaml'),
    `name: shop\nservices:\n  ${web}\nx-friday:\n  listen: "127.0.0.1:0"\n  notify: ${notify}\n`,
  );
  writeFileSync(join(cwd, '.env'), `HOOK_URL=http://127.0.0.1:${await listen()}/${SECRET}\nHOOK_SECRET=${SIGNING}\n`);
});

afterAll(async () => {
  if (await root.isAlive()) await root.down();
  await until(async () => presentIn(stateDir) === null);
  hook.close();
  rmSync(dir, { recursive: true, force: true });
});

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(50);
}
const stateOf = async (id: number) => (await root.release(id)).state;
const url = () => presentIn(stateDir)?.url ?? '';

type Page = { readonly cookie: string; readonly csrf: string };

async function signIn(name: string): Promise<Page> {
  const { code } = await root.access.createLink(name);
  const answer = await fetch(`${url()}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url() },
    body: JSON.stringify({ code }),
  });
  const { csrf } = (await answer.json()) as { csrf: string };
  return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '', csrf };
}

function ask(page: Page, path: string, body?: object): Promise<Response> {
  const headers = {
    cookie: page.cookie,
    origin: url(),
    'x-friday-csrf': page.csrf,
    'content-type': 'application/json',
  };
  const order = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  return fetch(`${url()}/api/v1${path}`, { headers, ...order });
}

describe('a team', () => {
  it('gets a yes from an approver, not from a releaser, and is told of both ends', async () => {
    await startDaemon(daemon);
    await root.up({ project: write(1) });
    await until(async () => (await root.service('web')).state === 'healthy');
    await root.access.addPerson({ name: 'rita', role: 'releaser' });
    await root.access.addPerson({ name: 'ana', role: 'approver' });
    const { id } = await root.releaseService('web', { project: write(2) });
    await until(async () => (await stateOf(id)) === 'waiting_for_approval');
    const [rita, ana] = [await signIn('rita'), await signIn('ana')];
    const order = { reason: 'looks good' };
    expect((await ask(rita, '/services/web/promote', order)).status).toBe(403);
    expect((await ask(rita, '/services/web/promote', { to: 100 })).status).toBe(403);
    const { secret } = await root.access.createToken({ name: 'ci', role: 'releaser' });
    await expect(createClient({ url: url(), token: secret }).promote('web')).rejects.toMatchObject({ code: 'refused' });
    expect(await stateOf(id)).toBe('waiting_for_approval');
    expect((await ask(ana, '/services/web/promote', order)).status).toBe(200);
    await until(async () => (await stateOf(id)) === 'promoted');
    const events = [];
    for await (const event of root.events({ release: id, follow: false }, new AbortController().signal))
      events.push(event);
    expect(events.some((event) => event.by === 'ana' && event.type === 'command')).toBe(true);
    await until(async () => received.length >= 2);
    expect(received.map((one) => [one.type, one.data.release])).toEqual([
      ['dev.fridaymorning.release.approval', id],
      ['dev.fridaymorning.release.promoted', id],
    ]);
    expect(received[0]?.data.sentence).toBe(events.find((one) => one.data.phase === 'waiting_for_approval')?.sentence);
    const audit = await root.access.audit({ limit: 20 });
    const tries = audit.filter((one) => one.what === 'promote').map((one) => [one.who, one.how, one.role, one.status]);
    expect(tries).toEqual([
      ['ana', 'session', 'approver', 200],
      ['token ci', 'token', 'releaser', 403],
      ['rita', 'session', 'releaser', 403],
      ['rita', 'session', 'releaser', 403],
    ]);
  });

  it('stays signed in when the control plane is killed and started again', async () => {
    const ana = await signIn('ana');
    process.kill(presentIn(stateDir)?.pid ?? 0, 'SIGKILL');
    await until(async () => !(await root.isAlive()));
    await startDaemon(daemon);
    expect(await (await ask(ana, '/session')).json()).toMatchObject({ name: 'ana', role: 'approver', how: 'session' });
    await root.access.removePerson('ana');
    expect((await ask(ana, '/session')).status).toBe(401);
  });

  it('finds its secrets in no file of the state folder, and in no answer', async () => {
    const rita = await signIn('rita');
    const answers = ['/status', '/notifications', '/events?follow=false&after=0', '/releases', '/services/web'];
    const texts = await Promise.all(answers.map(async (path) => (await ask(rita, path)).text()));
    expect((JSON.parse(texts[1] ?? '') as NotificationsView).deliveries).toHaveLength(2);
    const files = readdirSync(stateDir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    texts.push(...files.map((one) => readFileSync(join(one.parentPath, one.name), 'latin1')));
    const { value = '' } = { value: rita.cookie.split('=')[1] };
    for (const secret of [SECRET, SIGNING, value]) {
      expect(texts.filter((text) => text.includes(secret))).toHaveLength(0);
    }
  });
});
