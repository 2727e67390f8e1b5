// Every file under good/ is read without an error, says what its author meant, and pleases the editor schema too.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the braces belong to Compose
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { Project, type ServiceSpec } from './project.ts';
import { type ReadResult, readProject } from './read.ts';
import { editorSchema } from './schema.ts';

const folder = new URL('./good/', import.meta.url);
const names = readdirSync(folder).filter((name) => /^[^.]+\.yaml$/.test(name));

function read(path: string): string | null {
  const file = new URL(path.replace('/project/', ''), folder);
  return path.startsWith('/project/') && existsSync(file) ? readFileSync(file, 'utf8') : null;
}

function readGood(name: string, environment: Record<string, string> = {}, profiles: string[] = []): ReadResult {
  const override = `/project/${name}`.replace('.yaml', '.override.yaml');
  const files = [`/project/${name}`, ...(read(override) === null ? [] : [override])];
  return readProject({ files, read, environment, profiles });
}

function serviceOf(result: ReadResult, name: string): ServiceSpec {
  const found = result.project?.services.find((service) => service.name === name);
  if (found === undefined) throw new Error(`no service ${name}: ${JSON.stringify(result.problems)}`);
  return found;
}

describe('the good files', () => {
  it.each(names)('%s has no error and resolves to a project', (name) => {
    const { project, problems } = readGood(name);
    expect(problems.filter((problem) => problem.severity === 'error')).toEqual([]);
    expect(Project.parse(project)).toEqual(project);
  });

  it.each(readdirSync(folder).filter((name) => name.endsWith('.yaml')))('%s passes the editor schema', (name) => {
    const schema = z.fromJSONSchema(editorSchema() as Parameters<typeof z.fromJSONSchema>[0]);
    const value = parse(readFileSync(new URL(name, folder), 'utf8'), { merge: true, logLevel: 'silent' });
    expect(schema.safeParse(value).error?.issues).toBeUndefined();
    expect(schema.safeParse({ services: { web: { comand: 'x' } } }).success).toBe(false);
  });

  const compose = spawnSync('docker', ['compose', 'version'], { encoding: 'utf8' });
  const isMissing = compose.status !== 0;
  if (isMissing) console.log('skipped: docker compose config accepts the good files (no docker compose here)');
  it.skipIf(isMissing).each(names)('%s is accepted by docker compose config', (name) => {
    const file = fileURLToPath(new URL(name, folder));
    const override = file.replace('.yaml', '.override.yaml');
    const files = ['-f', file, ...(existsSync(override) ? ['-f', override] : [])];
    const checked = spawnSync('docker', ['compose', ...files, 'config', '-q'], { encoding: 'utf8' });
    expect(checked.stderr).not.toMatch(/error|invalid/i);
    expect(checked.status).toBe(0);
  });
});

describe('what the files say', () => {
  it('gives public routes certificates of an authority, and local ones those of this machine', () => {
    expect(readGood('tls.yaml').project?.tls).toEqual({
      listen: [{ host: '0.0.0.0', port: 443 }],
      certificates: [],
      selfSigned: ['api.localhost'],
      acme: {
        email: 'ops@example.com',
        hosts: ['shop.example.com', 'api.example.com'],
        directory: 'https://acme-staging-v02.api.letsencrypt.org/directory',
        ca: null,
      },
      redirectPort: 0,
      hstsSeconds: 180 * 86_400,
      minVersion: '1.3',
    });
  });

  it('calculator: the example of the documentation', () => {
    const result = readGood('calculator.yaml');
    expect(result.problems).toEqual([]);
    expect(result.project).toMatchObject({
      name: 'calculator',
      file: '/project/calculator.yaml',
      runtime: 'process',
      balancer: 'embedded',
      listen: [{ host: '127.0.0.1', port: 8080 }],
    });
    expect(serviceOf(result, 'awesome-app')).toMatchObject({
      context: '/project/awesome-app',
      command: ['node', 'server.ts'],
      replicas: 2,
      scale: { min: 2, max: 6, target: { inflight: 20 }, downAfterMs: 300_000 },
      stopGraceMs: 20_000,
      port: 5000,
      routes: [{ host: 'calc.localhost', path: '/' }],
      readiness: { type: 'http', path: '/health' },
      metrics: '/metrics',
      isSticky: true,
      scheme: 'http',
      release: {
        steps: [],
        ramp: { minBakeMs: 120_000, maxBakeMs: 1_800_000, budget: 10, atEnd: 'hold', approvals: [50] },
        needsFinalApproval: false,
        errorMargin: 0.5,
        latencyMargins: { p95: 15 },
      },
    });
    expect(serviceOf(result, 'redis')).toMatchObject({
      image: 'redis:7',
      context: null,
      command: ['redis-server', '--port', '$PORT'],
      port: null,
      readiness: { type: 'port' },
      release: { steps: [] },
    });
  });

  it('minimal: defaults', () => {
    const { project } = readGood('minimal.yaml');
    expect(project).toEqual({
      name: 'project',
      file: '/project/minimal.yaml',
      runtime: 'process',
      balancer: 'embedded',
      listen: [{ host: '127.0.0.1', port: 8080 }],
      services: [
        {
          name: 'web',
          context: null,
          image: null,
          command: ['node', 'server.js'],
          install: null,
          workingDir: '.',
          environment: {},
          dependsOn: [],
          replicas: 1,
          restart: 'always',
          stopSignal: 'SIGTERM',
          stopGraceMs: 10_000,
          readiness: { type: 'running' },
          port: null,
          routes: [],
          isSticky: false,
          metrics: null,
          scheme: 'tcp',
          timeoutMs: 60_000,
          hold: { requests: 100, ms: 10_000 },
          release: {
            steps: [],
            needsFinalApproval: false,
            minRequests: 20,
            readyTimeoutMs: 60_000,
            keepWarmMs: 600_000,
            holdBack: 5,
          },
        },
      ],
    });
  });

  it('auto: bounds of the bake, a budget and an end', () => {
    const releaseIn = (text: string) => {
      const file = `services: { web: { command: run, x-friday: { port: 1, release: { ${text} } } } }`;
      const read = () => file;
      return readProject({ files: ['/p/x.yaml'], read, isFolder: () => true, environment: {}, profiles: [] }).project
        ?.services[0]?.release;
    };
    const auto = { minBakeMs: 120_000, maxBakeMs: 1_800_000, budget: 10, atEnd: 'hold', approvals: [] };
    expect(releaseIn('')).toMatchObject({ steps: [], ramp: auto });
    expect(releaseIn('bake: 1h')?.ramp).toEqual({ ...auto, minBakeMs: 3_600_000, maxBakeMs: 3_600_000 });
    expect(releaseIn('bake: { max: 1m }, at_end: promote, budget: 2')?.ramp).toEqual({
      ...auto,
      minBakeMs: 60_000,
      maxBakeMs: 60_000,
      atEnd: 'promote',
      budget: 2,
    });
    expect(releaseIn('approve: [100, 25], pass: requests, slo: 99%')).toMatchObject({
      ramp: { ...auto, approvals: [25, 100] },
      passRule: 'requests',
      slo: 99,
    });
    expect(releaseIn('plan: [5], pass: certified')).toMatchObject({ steps: [{ weight: 5 }], passRule: 'certified' });
    expect(releaseIn('plan: [5]')).not.toHaveProperty('ramp');
  });

  it('anchors: aliases and merge keys, the nearer value wins', () => {
    const result = readGood('anchors.yaml');
    expect(serviceOf(result, 'web')).toMatchObject({
      restart: 'always',
      environment: { LOG_LEVEL: 'debug', TZ: 'UTC' },
      routes: [
        { host: 'shop.example.com', path: '/' },
        { host: '*', path: '/shop' },
      ],
      release: { needsFinalApproval: true },
    });
    expect(serviceOf(result, 'web').release.steps.map((step) => step.weight)).toEqual([1, 5, 25, 50]);
    expect(serviceOf(result, 'worker')).toMatchObject({ restart: 'always', stopSignal: 'SIGINT' });
  });

  it('variables: defaults, the shell, and what waits for the start', () => {
    const plain = readGood('variables.yaml');
    expect(plain.project?.name).toBe('variables');
    expect(serviceOf(plain, 'web')).toMatchObject({
      context: '/project/web',
      command: ['node', 'server.js', '--port', '$PORT', '--mode', 'dev'],
      replicas: 2,
      port: 3000,
      environment: { PRICE: '$5', SET: '', EMPTY: '', NUMBER: '8', TRUTH: 'true' },
    });
    expect(serviceOf(plain, 'web').environment).not.toHaveProperty('FROM_SHELL');
    expect(serviceOf(plain, 'cache')).toMatchObject({
      command: ['redis-server', '--port', '${PORT}', '--dir', '$FRIDAY_INSTANCE', '--maxmemory', '32mb'],
      environment: { MAX_MEMORY: '64mb', GREETING: 'a = b' },
      scheme: 'redis',
    });
    const environment = { REPLICAS: '5', FROM_SHELL: 'yes', WEB_PORT: '80', BUILD: '/abs', MODE: 'a "b', PORT: '1' };
    const filled = readGood('variables.yaml', { ...environment, MODE: 'live', COMPOSE_PROJECT_NAME: 'Other' });
    expect(filled.project?.name).toBe('other');
    expect(serviceOf(filled, 'web')).toMatchObject({
      context: '/abs',
      replicas: 5,
      port: 80,
      environment: { SET: 'yes', FROM_SHELL: 'yes' },
    });
    expect(serviceOf(filled, 'web').command).toEqual(['node', 'server.js', '--port', '$PORT', '--mode', 'live']);
    expect(serviceOf(filled, 'cache').command.slice(1, 3)).toEqual(['--port', '${PORT}']);
  });

  it('dependencies: conditions, healthchecks, and who is awaited', () => {
    const result = readGood('dependencies.yaml');
    expect(result.project?.services.map((service) => service.name)).not.toContain('tracing');
    expect(serviceOf(result, 'migrate').restart).toBe('no');
    expect(serviceOf(result, 'web').dependsOn).toEqual([
      { service: 'migrate', condition: 'completed' },
      { service: 'database', condition: 'healthy' },
    ]);
    expect(serviceOf(result, 'database')).toMatchObject({
      command: ['postgres', '-D', 'data', '-p', '$PORT'],
      stopSignal: 'SIGINT',
      stopGraceMs: 90_000,
      scheme: 'postgres',
      readiness: {
        type: 'command',
        command: ['/bin/sh', '-c', 'pg_isready -p $PORT'],
        intervalMs: 1000,
        timeoutMs: 500,
        retries: 5,
        startPeriodMs: 0,
      },
    });
    expect(serviceOf(result, 'queue')).toMatchObject({
      restart: 'on-failure',
      dependsOn: [{ service: 'database', condition: 'started' }],
      readiness: { type: 'command', command: ['node', 'ready.js'] },
    });
    expect(serviceOf(result, 'quiet')).toMatchObject({ replicas: 0, restart: 'no', readiness: { type: 'running' } });
  });

  it.each([
    [{}, ['debug']],
    [{ COMPOSE_PROFILES: 'other, tracing' }, []],
    [{}, ['*']],
  ])('dependencies: %j and %j turn a profile on', (environment, profiles) => {
    const result = readGood('dependencies.yaml', environment as Record<string, string>, profiles);
    expect(serviceOf(result, 'tracing').command).toEqual(['node', 'tracing.js']);
    expect(serviceOf(result, 'web').dependsOn).toContainEqual({ service: 'tracing', condition: 'started' });
  });

  it('override: the later file wins, merges, appends, replaces and resets', () => {
    const result = readGood('override.yaml', {}, ['local']);
    expect(result.problems).toEqual([]);
    expect(result.project?.listen).toEqual([
      { host: '127.0.0.1', port: 0 },
      { host: '::1', port: 8080 },
      { host: '0.0.0.0', port: 9090 },
      { host: 'localhost', port: 7070 },
    ]);
    expect(serviceOf(result, 'web')).toMatchObject({
      context: '/project/web',
      command: ['node', 'other.js'],
      environment: { A: '1', B: '3', C: '4' },
      dependsOn: [{ service: 'cache', condition: 'healthy' }],
      readiness: { type: 'command', command: ['two'], intervalMs: 1000 },
      routes: [{ host: 'b.example.com', path: '/' }],
      release: { steps: [{ weight: 10, bakeMs: 60_000, needsApproval: true }] },
    });
  });

  it('family: extends and include, each file with its own folder', () => {
    const result = readGood('family.yaml');
    expect(result.project?.services.map((service) => service.name)).toEqual(['api', 'admin', 'database', 'mail']);
    expect(serviceOf(result, 'admin')).toMatchObject({
      context: '/project/base',
      command: ['node', 'api.js'],
      environment: { ROLE: 'admin', HOME_PAGE: '/' },
      stopGraceMs: 3000,
      port: 4000,
      readiness: { type: 'http', path: '/up' },
    });
  });

  it('foreign: what this runtime ignores is said once each, and harms nobody', () => {
    const { problems } = readGood('foreign.yaml');
    expect(problems.every((problem) => problem.severity === 'warning')).toBe(true);
    const keys = problems.map((problem) => problem.path.replace('services.web.', ''));
    expect(keys).toEqual([
      'hostname',
      'user',
      'read_only',
      'ports',
      'networks',
      'volumes',
      'secrets',
      'configs',
      'logging',
      'ulimits',
      'mem_limit',
      'deploy.mode',
      'deploy.resources',
      'deploy.update_config',
      'deploy.restart_policy',
      'healthcheck.start_interval',
    ]);
  });
});
