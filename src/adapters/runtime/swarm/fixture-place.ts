// A project on the Swarm of the tests: small services whose images are built there, and patience.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ServiceSpec } from '../../../core/spec/project.ts';
import { readProject } from '../../../core/spec/read.ts';
import { type Conduct, GRACE_MS } from '../../../ports/runtime.contract.ts';
import type { TestSwarm } from './fixture.ts';
import { type SwarmRuntime, swarmRuntime } from './runtime.ts';

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

/** What the file of a test says besides, as lines of YAML. */
export type Besides = {
  /** Further keys of the service, indented by 4. */
  readonly service?: string;
  /** Instead of where the engines of the workers are, indented by 4. */
  readonly swarm?: string;
  /** At the top. */
  readonly top?: string;
};

export function swarmPlace(swarm: TestSwarm): SwarmPlace {
  places += 1;
  const project = `p${places}`;
  let current: SwarmRuntime | null = null;
  let calls = 0;
  const open = () => {
    current?.close();
    current = swarmRuntime({ project, host: swarm.manager.host });
    return current;
  };
  return {
    project,
    open,
    service: async (conduct) => {
      calls += 1;
      return webSpec(swarm, codeFolder(swarm, `// ${calls}\n${CODE[conduct]}`), project);
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

/** A project of one service `web`, as its file says it. */
export function webSpec(swarm: TestSwarm, folder: string, project: string, besides: Besides = {}): ServiceSpec {
  const file = join(folder, 'compose.yaml');
  const workers = swarm.machines.slice(1).map(({ hostname, host }) => `      ${hostname}: ${host}`);
  const engines = ['    nodes:', ...workers].join('\n');
  const text = [
    `name: ${project}`,
    'services:',
    '  web:',
    '    build: .',
    `    stop_grace_period: ${GRACE_MS}ms`,
    '    x-friday: { port: 3000, ready: /up }',
    besides.service ?? '',
    'x-friday:',
    '  runtime: swarm',
    '  swarm:',
    besides.swarm ?? engines,
    besides.top ?? '',
  ].join('\n');
  writeFileSync(file, text);
  const read = (path: string) => (path === file ? text : null);
  const { project: found, problems } = readProject({ files: [file], read, environment: {}, profiles: [] });
  const [web] = found?.services ?? [];
  if (web === undefined) throw new Error(problems.map(({ message }) => message).join('\n'));
  return web;
}

/** A build folder with this program in an image over `node-base:local`. */
export function codeFolder(swarm: TestSwarm, code: string): string {
  const folder = mkdtempSync(join(swarm.dir, 'code-'));
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app/server.mjs'), code);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM node-base:local\nCOPY app /app\n');
  writeFileSync(join(folder, '.dockerignore'), 'compose.yaml\n');
  return folder;
}

const PATIENCE_MS = 90_000;

export async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await check())) {
    if (Date.now() > end) throw new Error('It did not come true within 90 s.');
    await wait(50);
  }
}
