// Several copies of the calculator's maths behind one proxy, each to be released with a fault of its own.
import { cpSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeGround, settled } from '../../bench/soak/ground.ts';
import { type Client, createClient } from '../../src/api/client.ts';
import type { ReleaseView } from '../../src/api/views.ts';
import { loadProject } from '../../src/cli/project.ts';
import { formatProblems } from '../../src/core/spec/problem.ts';
import type { Project } from '../../src/core/spec/project.ts';
import { startDaemon } from '../../src/server/daemon.ts';
import { placeOf } from '../../src/server/paths.ts';

/** `failing`: share of the requests, 0 to 1. `ms`: answers take half of it to one and a half, each as likely. */
export type Behaviour = { readonly failing: number; readonly ms: number };

const SERVER = `// Maths as it is, but every answer takes a while, and some fail.
import { setTimeout as sleep } from 'node:timers/promises';
import { createMaths } from './app.ts';
import behaviour from './behaviour.json' with { type: 'json' };
import { Problem } from './http/problem.ts';
import { run } from './http/run.ts';
import { createStatsd } from './statsd.ts';

await run('maths', (environment) => environment.hostAndPort('STATSD'), (target) => {
  const maths = createMaths(createStatsd(target));
  const routes = maths.routes.map((route) => ({
    ...route,
    handle: async (request) => {
      await sleep(behaviour.ms * (0.5 + Math.random()));
      if (Math.random() < behaviour.failing) throw new Problem(500, 'Out of order', 'This version fails here.');
      return route.handle(request);
    },
  }));
  return { ...maths, routes };
});
`;

const ORDER = { reason: 'verdict' };

export type Ground = {
  readonly client: Client;
  readonly port: number;
  release(service: string, behaviour: Behaviour): Promise<ReleaseView>;
  /** Waits until the release is over. */
  end(id: number, limitMs: number): Promise<ReleaseView>;
  close(): Promise<void>;
};

/** Resolves when every service has its instance. Requests find them by host, `<name>.localhost`. */
export async function openGround(
  names: readonly string[],
  good: Behaviour,
  balancer: Project['balancer'] = 'embedded',
): Promise<Ground> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'friday-verdict-')));
  const folder = join(root, 'project');
  mkdirSync(folder);
  for (const name of names) copyMaths(join(folder, name), good);
  writeFileSync(join(folder, 'compose.yaml'), composeOf(names, balancer));
  const environment: Record<string, string | undefined> = { ...process.env, FRIDAY_STATE_DIR: join(root, 'state') };
  const project = () => {
    const read = loadProject({ cwd: folder, environment });
    if (!read.project) throw new Error(formatProblems(read.problems));
    return read.project;
  };
  const place = placeOf({ project: 'verdict', environment, uid: process.getuid?.() ?? 0 });
  mkdirSync(place.stateDir, { recursive: true, mode: 0o700 });
  const client = createClient({ socketPath: place.socketPath }, { by: 'verdict' });
  const args = ['serve', '--file', join(folder, 'compose.yaml'), '--port', '0'];
  const start = () => startDaemon({ ...place, args, cwd: folder, environment });
  const close = () => closeGround(client, start, root);
  try {
    await start();
    await client.up({ ...ORDER, project: project() });
    const status = await settled(client);
    return {
      client,
      port: Number(new URL(status.listening[0] ?? '').port),
      release: (service, behaviour) => {
        writeFileSync(join(folder, service, 'behaviour.json'), JSON.stringify({ ...behaviour, isChanged: true }));
        return client.releaseService(service, { ...ORDER, project: project() });
      },
      end: (id, limitMs) => untilOver(client, id, limitMs),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function copyMaths(target: string, good: Behaviour): void {
  const source = resolve(import.meta.dirname, '../../examples/calculator/maths');
  const isRuntimeFile = (path: string) => !path.includes('node_modules') && !path.endsWith('.test.ts');
  cpSync(source, target, { recursive: true, filter: isRuntimeFile });
  writeFileSync(join(target, 'server.ts'), SERVER);
  writeFileSync(join(target, 'behaviour.json'), JSON.stringify(good));
}

/** JSON is YAML. */
function composeOf(names: readonly string[], balancer: Project['balancer']): string {
  const services = names.map((name) => {
    const own = {
      port: 5000,
      route: `${name}.localhost`,
      ready: '/health',
      release: { plan: 'auto', keep_warm: '0s' },
    };
    return [name, { build: `./${name}`, command: 'node server.ts', 'x-friday': own }];
  });
  const file = {
    name: 'verdict',
    services: Object.fromEntries(services),
    'x-friday': { listen: '127.0.0.1:0', balancer },
  };
  return JSON.stringify(file, null, 2);
}

async function untilOver(client: Client, id: number, limitMs: number): Promise<ReleaseView> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const view = await client.release(id);
    if (view.isOver) return view;
    if (performance.now() > deadline) throw new Error(`Release ${id} does not end: ${JSON.stringify(view, null, 1)}`);
    await sleep(200);
  }
}
