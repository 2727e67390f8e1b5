// What a service says about its container becomes, and what the process runtime makes of the same file.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBytes } from './bytes.ts';
import type { ContainerSpec } from './container.ts';
import { readProject } from './read.ts';

const text = readFileSync(new URL('./good/docker.yaml', import.meta.url), 'utf8');

function readText(file: string, environment: Record<string, string> = { SHOP_KEY: 'secret', HOME: '/home/me' }) {
  const read = (path: string) => (path === '/project/compose.yaml' ? file : null);
  return readProject({ files: ['/project/compose.yaml'], read, environment, profiles: [] });
}

function containerIn(file: string, name = 'web'): ContainerSpec {
  const { project, problems } = readText(file);
  const container = project?.services.find((service) => service.name === name)?.container;
  if (container === undefined) throw new Error(`no container ${name}: ${JSON.stringify(problems)}`);
  return container;
}

const one = (keys: string, top = '') =>
  `x-friday: { runtime: docker }\nservices: { web: { image: a, ${keys} } }\n${top}`;

describe('the container of a service', () => {
  it('is what the file says, without a warning for what is honoured', () => {
    const { problems } = readText(text);
    expect(problems).toEqual([]);
    expect(containerIn(text)).toMatchObject({
      build: {
        context: '/project/web',
        dockerfile: 'docker/Dockerfile',
        target: 'production',
        args: { NODE_ENV: 'production', LEVEL: '3' },
      },
      image: 'shop/web',
      entrypoint: null,
      command: ['node', 'server.js', '--port', '$PORT'],
      workingDir: '/app',
      user: '1000:1000',
      hasInit: false,
      isReadOnly: true,
      capDrop: ['ALL'],
      capAdd: ['NET_BIND_SERVICE'],
      securityOptions: ['no-new-privileges:true'],
      labels: { 'com.example.team': 'shop' },
      extraHosts: ['api.example.com:192.0.2.1'],
      dns: ['192.0.2.53'],
      healthcheck: 'own',
      startIntervalMs: 1000,
      logging: { driver: 'local', options: { 'max-size': '10m' } },
      ports: [],
    });
  });

  it('has mounts, secrets and configs with their places', () => {
    const { mounts, files } = containerIn(text);
    expect(mounts).toMatchObject([
      { type: 'bind', source: '/project/web/static', target: '/static', isReadOnly: true },
      { type: 'volume', name: 'shop_uploads', target: '/uploads', isExternal: false, driver: 'local' },
      { type: 'tmpfs', target: '/run', sizeBytes: 1_048_576 },
      { type: 'tmpfs', target: '/tmp', sizeBytes: 67_108_864, mode: 0o1777 },
    ]);
    expect(files).toEqual([
      {
        name: 'token',
        target: '/run/secrets/token',
        from: { type: 'file', path: '/project/token.txt' },
        uid: 0,
        gid: 0,
        mode: 0o444,
      },
      { name: 'key', target: '/etc/key.pem', from: { type: 'text', text: 'secret' }, uid: 1000, gid: 0, mode: 0o400 },
      { name: 'settings', target: '/settings', from: { type: 'text', text: 'level=3' }, uid: 0, gid: 0, mode: 0o444 },
    ]);
  });

  it('has the secrets that the shell gives, and wants them given', () => {
    const file = one('secrets: [key]', 'secrets: { key: { environment: SHOP_KEY } }');
    expect(containerIn(file).files).toMatchObject([{ from: { type: 'text', text: 'secret' } }]);
    const [problem] = readText(file, {}).problems;
    expect(problem?.message).toBe('key comes from the variable SHOP_KEY, which is not set');
  });

  it('has networks, which are the project’s default one when it names none', () => {
    expect(containerIn(text).networks).toMatchObject([
      { name: 'shop_front', isExternal: false, isInternal: false },
      { name: 'shop_back', isInternal: true, subnets: [{ subnet: '10.9.0.0/24', gateway: '10.9.0.1', range: null }] },
    ]);
    expect(containerIn(text, 'redis').networks).toMatchObject([{ name: 'shop_back', aliases: ['cache'] }]);
    expect(containerIn(text, 'postgres')).toMatchObject({ networks: [], modes: { network: 'host' } });
    expect(containerIn(one('')).networks).toMatchObject([{ name: 'project_default', isExternal: false }]);
  });

  it('has bounds, of which those of deploy win', () => {
    expect(containerIn(text).resources).toMatchObject({
      cpus: 0.25,
      memoryBytes: 268_435_456,
      reservedMemoryBytes: 134_217_728,
      pids: 100,
      shmBytes: 67_108_864,
      ulimits: [
        { name: 'nofile', soft: 1024, hard: 1024 },
        { name: 'nproc', soft: 10, hard: 20 },
      ],
    });
  });

  it('of a service that is not behind the balancer opens its ports, and tells where it is found', () => {
    expect(containerIn(text, 'redis')).toMatchObject({
      servicePort: 6379,
      ports: [
        { target: 6379, published: 6379, protocol: 'tcp', host: '127.0.0.1' },
        { target: 8000, published: 8000, protocol: 'udp', host: '' },
        { target: 8001, published: 8001, protocol: 'udp', host: '' },
      ],
      mounts: [{ name: 'the-data', isExternal: true, isCopyOff: true }],
    });
    expect(containerIn(text, 'postgres')).toMatchObject({ servicePort: 5432, healthcheck: 'none' });
  });

  it('is process 1 under an init, with the image’s own command and healthcheck, unless the file says otherwise', () => {
    expect(containerIn(one(''))).toMatchObject({
      build: null,
      image: 'a',
      entrypoint: null,
      command: null,
      hasInit: true,
      healthcheck: 'image',
      pullPolicy: 'missing',
    });
  });

  it('is ready when its port opens, when its healthcheck says so, or when it runs', () => {
    const readinessIn = (keys: string) => readText(one(keys)).project?.services[0]?.readiness.type;
    expect(readinessIn('')).toBe('running');
    expect(readinessIn('x-friday: { url: redis }')).toBe('running');
    expect(readinessIn('x-friday: { port: 3000 }')).toBe('port');
    expect(readinessIn('healthcheck: { test: "true" }')).toBe('command');
    expect(readinessIn('healthcheck: { test: "true" }, x-friday: { port: 3000, ready: /up }')).toBe('http');
  });

  it('keeps placement for swarm', () => {
    const placement =
      'deploy: { placement: { constraints: [node.role==worker], preferences: [{ spread: node.labels.zone }], max_replicas_per_node: 2 } }';
    expect(containerIn(one(placement)).placement).toEqual({
      registry: null,
      engines: {},
      constraints: ['node.role==worker'],
      spreads: ['node.labels.zone'],
      maxPerNode: 2,
    });
  });

  it('takes the home folder of who runs friday for ~', () => {
    expect(containerIn(one('volumes: ["~/x:/x"]')).mounts).toMatchObject([{ source: '/home/me/x' }]);
  });

  it('counts the last of several mounts at one place', () => {
    const { mounts } = containerIn(one('volumes: [a:/x, b:/x]', 'volumes: { a: {}, b: {} }'));
    expect(mounts).toMatchObject([{ name: 'project_b' }]);
  });

  it('is not there with the process runtime, which looks at none of its keys', () => {
    const file = text
      .replace('  runtime: docker', '  runtime: process')
      .replaceAll('image: redis:7', 'command: redis')
      .replaceAll('image: postgres:16', 'command: x')
      .replace('mem_limit: 512m', 'mem_limit: lots');
    const { project, problems } = readText(file);
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(project?.services.every((service) => service.container === undefined)).toBe(true);
    expect(project?.services[0]?.command).toEqual(['node', 'server.js']);
  });

  it('of an included file belongs to that file’s folder and resources', () => {
    const files: Record<string, string> = {
      '/project/compose.yaml':
        'include: [inner/compose.yaml]\nx-friday: { runtime: docker }\nservices: { web: { image: a } }',
      '/project/inner/compose.yaml':
        'services: { db: { image: b, volumes: [data:/data, ./x:/x], secrets: [pw] } }\nvolumes: { data: {} }\nsecrets: { pw: { file: pw.txt } }',
    };
    const read = (path: string) => files[path] ?? null;
    const { project, problems } = readProject({
      files: ['/project/compose.yaml'],
      read,
      environment: {},
      profiles: [],
    });
    expect(problems).toEqual([]);
    expect(project?.services.find(({ name }) => name === 'db')?.container).toMatchObject({
      mounts: [{ name: 'project_data' }, { source: '/project/inner/x' }],
      files: [{ from: { path: '/project/inner/pw.txt' } }],
    });
  });
});

describe('a size', () => {
  it.each([
    ['512m', 536_870_912],
    ['1.5gb', 1_610_612_736],
    ['64K', 65_536],
    ['1024', 1024],
    ['2 GiB', 2_147_483_648],
    ['0', 0],
    ['b', null],
    ['-1', null],
    ['1x', null],
    ['', null],
  ])('%s is %s bytes', (written, bytes) => {
    expect(parseBytes(written)).toBe(bytes);
  });

  it('of whole units is the unit so many times', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4000 }), fc.constantFrom('k', 'm', 'g'), (amount, unit) => {
        expect(parseBytes(`${amount}${unit}`)).toBe(amount * 2 ** ({ k: 10, m: 20, g: 30 }[unit] ?? 0));
      }),
    );
  });
});
