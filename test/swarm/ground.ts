// A project on a three-node Swarm, its control plane, users who never stop asking, and the orders given to it.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { closeGround, settled } from '../../bench/soak/ground.ts';
import { newTestSwarm, type TestSwarm } from '../../src/adapters/runtime/swarm/fixture.ts';
import { until } from '../../src/adapters/runtime/swarm/fixture-place.ts';
import { type Client, createClient } from '../../src/api/client.ts';
import type { NodeView } from '../../src/api/node-views.ts';
import type { ReleaseView } from '../../src/api/views.ts';
import { loadProject } from '../../src/cli/project.ts';
import { formatProblems } from '../../src/core/spec/problem.ts';
import { startDaemon } from '../../src/server/daemon.ts';
import { placeOf } from '../../src/server/paths.ts';

const SERVER = `import { createServer } from 'node:http';
import { edit, isBroken } from './behaviour.mjs';
const server = createServer((request, response) => {
  if (request.url === '/up') return response.end('ok');
  setTimeout(() => {
    response.statusCode = isBroken ? 500 : 200;
    response.end(process.env.FRIDAY_INSTANCE + ' ' + edit);
  }, 20 * Math.random());
});
server.listen(Number(process.env.PORT), () => console.log('listens'));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

const DOCKERFILE = 'FROM node-base:local\nCOPY server.mjs behaviour.mjs /app/\n';
const run = promisify(execFile);
const ORDER = { reason: 'the story' };

export type SwarmGround = {
  readonly swarm: TestSwarm;
  readonly client: Client;
  readonly port: number;
  /** Changes the code and releases it; gives how it ended. What was broken is then as it was before. */
  release(isBroken: boolean): Promise<ReleaseView>;
  /** `keys` as YAML in `x-friday` of the service, for instance how it scales from then on. */
  scale(replicas: number, keys?: string): Promise<void>;
  /** Waits until all wanted instances are ready and nothing is under way. */
  settle(): Promise<void>;
  node(name: string): Promise<NodeView>;
  /** What the command says, on success. */
  friday(...words: readonly string[]): Promise<string>;
  close(): Promise<void>;
};

/** `keys` are further keys of `x-friday` of the service, as YAML. */
function composeOf(swarm: TestSwarm, replicas: number, keys = ''): string {
  const workers = swarm.machines.slice(1).map(({ hostname, host }) => `      ${hostname}: ${host}`);
  return `name: story
services:
  web:
    build: .
    deploy: { replicas: ${replicas} }
    stop_grace_period: 5s
    x-friday:
      port: 3000
      route: "*"
      ready: /up
      timeout: 5s
      ${keys}
      release: { plan: [20, 50], bake: 2s, requests: 20, keep_warm: 2s, hold_back: 0 }
x-friday:
  runtime: swarm
  listen: "127.0.0.1:0"
  swarm:
    nodes:
${workers.join('\n')}
`;
}

export async function openSwarmGround(): Promise<SwarmGround> {
  const swarm = await newTestSwarm();
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'friday-story-')));
  const folder = join(root, 'project');
  mkdirSync(folder);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const environment = { ...process.env, DOCKER_HOST: swarm.manager.host, FRIDAY_STATE_DIR: join(root, 'state') };
  const project = () => {
    const read = loadProject({ cwd: folder, environment });
    if (!read.project) throw new Error(formatProblems(read.problems));
    return read.project;
  };
  let edit = 0;
  const say = (number: number, isBroken: boolean) =>
    write('behaviour.mjs', `export const edit = ${number};\nexport const isBroken = ${isBroken};\n`);
  const change = (isBroken: boolean) => {
    edit += 1;
    say(edit, isBroken);
  };
  write('server.mjs', SERVER);
  write('Dockerfile', DOCKERFILE);
  write('.dockerignore', 'compose.yaml\n');
  write('compose.yaml', composeOf(swarm, 3));
  change(false);
  const place = placeOf({ project: 'story', environment, uid: process.getuid?.() ?? 0 });
  mkdirSync(place.stateDir, { recursive: true, mode: 0o700 });
  const client = createClient({ socketPath: place.socketPath }, { by: 'ana' });
  const args = ['serve', '--file', join(folder, 'compose.yaml'), '--port', '0'];
  const start = () => startDaemon({ ...place, args, cwd: folder, environment });
  const close = async () => {
    await closeGround(client, start, root).finally(() => swarm.remove());
  };
  const settle = async () => void (await settled(client));
  try {
    await start();
    await client.up({ ...ORDER, project: project() });
    const { listening } = await settled(client);
    return {
      swarm,
      client,
      port: Number(new URL(listening[0] ?? '').port),
      settle,
      close,
      release: async (isBroken) => {
        change(isBroken);
        const { id } = await client.releaseService('web', { ...ORDER, project: project() });
        await until(async () => (await client.release(id)).isOver);
        if (isBroken) say(edit - 1, false);
        return client.release(id);
      },
      scale: async (replicas, keys) => {
        write('compose.yaml', composeOf(swarm, replicas, keys));
        await client.up({ ...ORDER, project: project() });
        await settle();
      },
      node: async (name) => (await client.nodes()).find((one) => one.name === name) as NodeView,
      friday: async (...words) => {
        const main = resolve(import.meta.dirname, '../../src/cli/main.ts');
        return (await run(process.execPath, [main, ...words], { cwd: folder, env: environment })).stdout;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How one request ended: its answer, or why there was none. Times on the monotonic clock, ms. */
export type Asked = { readonly from: number; readonly to: number; readonly answer: string; readonly failure: string };

export type Users = {
  readonly all: readonly Asked[];
  /** Failed requests that ended since then. */
  failedSince(at: number): readonly Asked[];
  stop(): Promise<void>;
};

const USERS = 8;

/** People who ask as fast as they are answered, some over one connection, some over a new one each time. */
export function startUsers(port: number): Users {
  const all: Asked[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: USERS });
  let isOver = false;
  const lane = async (own: Agent | false) => {
    while (!isOver) all.push(await ask(port, own));
  };
  const lanes = Array.from({ length: USERS }, (_, index) => lane(index % 2 === 0 ? agent : false));
  return {
    all,
    failedSince: (at) => all.filter(({ to, failure }) => to >= at && failure !== ''),
    stop: async () => {
      isOver = true;
      await Promise.all(lanes);
      agent.destroy();
    },
  };
}

function ask(port: number, agent: Agent | false): Promise<Asked> {
  const from = performance.now();
  return new Promise((resolve) => {
    const end = (answer: string, failure: string) => resolve({ from, to: performance.now(), answer, failure });
    const request = get({ host: '127.0.0.1', port, path: '/hello', agent }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('error', (error) => end('', error.message));
      response.on('end', () => end(text, response.statusCode === 200 ? '' : `${response.statusCode} ${text.trim()}`));
    });
    request.on('error', (error) => end('', error.message));
  });
}
