// A project on the Swarm of the tests: small services whose images are built there, and patience.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { Failure } from '../../../core/failure.ts';
import type { ServiceSpec } from '../../../core/spec/project.ts';
import type { Conduct } from '../../../ports/runtime.contract.ts';
import { GRACE_MS } from '../../../ports/runtime.contract.ts';
import { specOf } from '../process/fixture.ts';
import type { TestSwarm } from './fixture.ts';
import type { Images } from './images.ts';
import { type SwarmRuntime, swarmRuntime } from './runtime.ts';
import { imageSpread } from './spread.ts';

/** Answers on PORT with the name of its instance. */
export const SERVER = `
  import { createServer } from 'node:http';
  const server = createServer((request, response) => {
    const ms = Number(new URL(request.url, 'http://x').searchParams.get('ms') ?? 0);
    setTimeout(() => response.end(process.env.FRIDAY_INSTANCE ?? 'web'), ms);
  });
  server.listen(Number(process.env.PORT), () => console.log('listening'));
`;

const CODE: Readonly<Record<Conduct, string>> = {
  serves: `console.log('begin'); ${SERVER} process.on('SIGTERM', () => server.close(() => process.exit(0)));`,
  'never-ready': `console.log('begin'); process.on('SIGTERM', () => process.exit(0)); setInterval(() => 0, 1000);`,
  fails: `console.error('no'); process.exitCode = 1;`,
  stubborn: `process.on('SIGTERM', () => 0); console.log('begin'); ${SERVER}`,
};

export type SwarmPlace = {
  readonly project: string;
  /** Ends the runtime before, and gives the next. */
  open(): SwarmRuntime;
  service(conduct: Conduct): Promise<ServiceSpec>;
  until(check: () => boolean | Promise<boolean>): Promise<void>;
  remove(): Promise<void>;
};

let places = 0;

export function swarmPlace(swarm: TestSwarm, part: Partial<ServiceSpec> = {}): SwarmPlace {
  places += 1;
  const project = `p${places}`;
  let current: SwarmRuntime | null = null;
  let calls = 0;
  const open = () => {
    current?.close();
    current = swarmRuntime({ project, engine: swarm.manager.engine, images: testImages(swarm) });
    return current;
  };
  return {
    project,
    open,
    service: async (conduct) => {
      calls += 1;
      const image = `${project}-web:${calls}`;
      build(swarm, image, `// ${calls}\n${CODE[conduct]}`);
      return specOf(null, { image, port: 3000, stopGraceMs: GRACE_MS, readiness: READY, ...part });
    },
    until,
    remove: async () => {
      const runtime = current ?? open();
      for (const { id } of await runtime.list()) await runtime.stop(id);
      await until(async () => {
        const all = await runtime.list();
        for (const { id } of all) await runtime.remove(id);
        return all.length === 0;
      });
      runtime.close();
    },
  };
}

const READY = { type: 'http', path: '/up', intervalMs: 200, timeoutMs: 1000 } as const;

function build(swarm: TestSwarm, name: string, code: string): void {
  const folder = mkdtempSync(join(swarm.dir, 'code-'));
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app/server.mjs'), code);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM node-base:local\nCOPY app /app\n');
  const words = ['--host', swarm.manager.host, 'build', '--quiet', '--tag', name, folder];
  const { status, stderr } = spawnSync('docker', words, {
    encoding: 'utf8',
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  });
  if (status !== 0) throw new Error(stderr);
}

function testImages(swarm: TestSwarm): Images {
  const { engine } = swarm.manager;
  const spread = imageSpread(engine);
  const Image = z.object({ Id: z.string(), RepoTags: z.array(z.string()).nullish() });
  const identify: Images['identify'] = async ({ image }) => {
    const { Id } = await engine.get(`/images/${image}/json`, Image);
    const digest = createHash('sha256').update(Id).digest('hex');
    return { digest, label: digest.slice(0, 7) };
  };
  const all = async () => {
    const images = await engine.get('/images/json', z.array(Image));
    return images.map(({ Id, RepoTags }) => {
      return { Id, name: RepoTags?.[0] ?? '', digest: createHash('sha256').update(Id).digest('hex') };
    });
  };
  return {
    identify,
    prepare: async (spec) => {
      const revision = await identify(spec);
      const image = (await all()).find(({ digest }) => digest === revision.digest);
      if (image === undefined) throw new Failure('not-found', 'No such image.');
      const nodes = await Promise.all(
        swarm.machines
          .slice(1)
          .map(async ({ hostname, host }) => ({ nodeId: await swarm.idOf(hostname), hostname, host })),
      );
      await spread.bring(image.Id, image.name, nodes);
      return revision;
    },
    find: async (_, digest) => (await all()).find((one) => one.digest === digest)?.Id ?? null,
    prune: async (_, keep) => {
      for (const { Id, digest, name } of await all()) {
        if (!keep.includes(digest) && !name.startsWith('node-base'))
          await engine.order('DELETE', `/images/${Id}`, { query: { force: true } });
      }
    },
  };
}

export async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 45_000;
  while (!(await check())) {
    if (Date.now() > end) throw new Error('It did not come true within 45 s.');
    await wait(50);
  }
}
