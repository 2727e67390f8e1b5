// What the doctor looks at: ports, folders, programs, the control plane.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { service, status } from '../../../test/cli/views.ts';
import type { Client } from '../../api/client.ts';
import { Unreachable } from '../../api/tables.ts';
import type { Project, ServiceSpec } from '../../core/spec/project.ts';
import { loadProject } from '../project.ts';
import { checkControl } from './control.ts';
import { checkDocker } from './docker.ts';
import { checkHaproxy } from './haproxy.ts';
import { checkFolders, checkPrograms, checkStateDir } from './machine.ts';
import { holderOf, isPortFree, listeningInodes } from './ports.ts';
import { checkFile, checkPorts, checkReadiness } from './project.ts';

let dir: string;
let server: Server;
let port: number;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'friday-doctor-'));
  server = createServer();
  port = await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
});
afterEach(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

/** The project of one service, written as a compose file. */
function projectOf(api: string, listen = '127.0.0.1:0'): Project {
  mkdirSync(join(dir, 'api'), { recursive: true });
  writeFileSync(join(dir, 'compose.yaml'), `name: shop\nservices:\n  api: ${api}\nx-friday: { listen: "${listen}" }\n`);
  const { project, problems } = loadProject({ cwd: dir, environment: {} });
  if (!project) throw new Error(JSON.stringify(problems));
  return project;
}

describe('ports', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 812001 1
   1: 0100007F:0050 0100007F:A1B2 01 00000000:00000000 00:00000000 00000000     0        0 812002 1
   2: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 812003 1`;

  it('are held by the sockets that listen, not by those that are connected', () => {
    expect(listeningInodes(table, 80)).toEqual(['812001']);
    expect(listeningInodes(table, 8080)).toEqual(['812003']);
    expect(listeningInodes(table, 81)).toEqual([]);
  });

  it('are free or taken, and by whom', async () => {
    expect(await isPortFree('127.0.0.1', port)).toBe(false);
    if (process.platform === 'linux') expect(holderOf(port)).toMatchObject({ pid: process.pid });
    const project = projectOf('{ build: ./api, command: node x.js, x-friday: { port: 1 } }', `127.0.0.1:${port}`);
    const [found] = await checkPorts(project, null, dir);
    expect(found).toMatchObject({ state: 'bad', remedy: ['stop it, or set x-friday.listen to another port'] });
    expect(found?.text).toContain(`port ${port} is taken by `);
  });

  it.runIf(process.platform === 'linux')(
    'are served by the proxy of the project also without a control plane',
    async () => {
      server.close();
      const code = `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('up'))`;
      const proxy = spawn(process.execPath, ['-e', code, join(dir, 'balancer')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(proxy.stdout, 'data');
      const project = projectOf('{ build: ./api, command: node x.js, x-friday: { port: 1 } }', `127.0.0.1:${port}`);
      const text = `port ${port} is served (pid ${proxy.pid})`;
      expect(await checkPorts(project, null, dir)).toMatchObject([{ state: 'ok', text }]);
      expect(await checkPorts(project, null, '/elsewhere')).toMatchObject([{ state: 'bad' }]);
      proxy.kill();
      await once(proxy, 'exit');
    },
  );

  it('of the project itself are well', async () => {
    const project = projectOf('{ build: ./api, command: node x.js, x-friday: { port: 1 } }', `127.0.0.1:${port}`);
    const found = await checkPorts(project, status({ listening: [`http://127.0.0.1:${port}`] }), dir);
    expect(found).toEqual([{ state: 'ok', text: `port ${port} is served`, remedy: [] }]);
  });
});

describe('the machine', () => {
  it('has a state folder with room, or says what to do', () => {
    expect(checkStateDir(join(dir, 'not', 'yet', 'there'))[0]?.state).toBe('ok');
    if (process.getuid?.() === 0) return;
    chmodSync(dir, 0o500);
    expect(checkStateDir(join(dir, 'state'))).toMatchObject([
      { state: 'bad', remedy: ['set FRIDAY_STATE_DIR to a folder of your own'] },
    ]);
    chmodSync(dir, 0o700);
  });

  it('has the folders and programs that services need', () => {
    const project = projectOf(
      '{ build: ./api, command: ./run.sh, x-friday: { process: { install: frobnicate --all } } }',
    );
    const missing = checkPrograms(project, { PATH: dir });
    expect(missing.map((one) => one.text)).toEqual(['api runs frobnicate, which is not there']);
    writeFileSync(join(dir, 'frobnicate'), '#!/bin/sh\n', { mode: 0o755 });
    expect(checkPrograms(project, { PATH: dir })).toMatchObject([
      { state: 'ok', text: 'programs: ./run.sh and frobnicate' },
    ]);
    expect(checkFolders(project)).toMatchObject([{ state: 'ok', text: 'build folders: api' }]);
    rmSync(join(dir, 'api'), { recursive: true });
    expect(checkFolders(project)[0]).toMatchObject({ state: 'bad' });
  });

  it('has the HAProxy that the file asks for, or says what to do', () => {
    const project = projectOf('{ build: ./api, command: ./run.sh }');
    const asking: Project = { ...project, balancer: 'haproxy' };
    expect(checkHaproxy(project, {}, [])).toEqual([]);
    expect(checkHaproxy(asking, { PATH: dir }, [])).toMatchObject([
      { state: 'bad', text: 'x-friday.balancer is haproxy, which is not installed' },
    ]);
    const says = (version: string) =>
      writeFileSync(
        join(dir, 'haproxy'),
        `#!/bin/sh\necho "HAProxy version ${version} 2026/10/17"\necho "Feature list : +LUA +THREAD"\n`,
        { mode: 0o755 },
      );
    says('2.6.12-1');
    const file = join(dir, 'haproxy');
    expect(checkHaproxy(asking, { PATH: dir }, [])).toMatchObject([
      { state: 'ok', text: `haproxy 2.6.12-1 in ${file}` },
    ]);
    says('2.2.9');
    expect(checkHaproxy(asking, {}, [dir])[0]?.text).toContain('it is 2.2.9, and 2.6 is the oldest');
  });

  it('has the Docker Engine that the file asks for, or says what to do', () => {
    const project = projectOf('{ build: ./api, command: ./run.sh }');
    const asking: Project = { ...project, runtime: 'docker' };
    const says = (version: string, info = '{}') => {
      const lines = ['#!/bin/sh', `if [ "$1" = version ]; then ${version}; else echo '${info}'; fi`, ''];
      writeFileSync(join(dir, 'docker'), lines.join('\n'), { mode: 0o755 });
      return checkDocker(asking, { PATH: `${dir}:/bin:/usr/bin` });
    };
    const engine = (api: string) => `echo '{"Server":{"Version":"24.0.7","ApiVersion":"${api}"}}'`;
    expect(checkDocker(project, { PATH: dir })).toEqual([]);
    expect(checkDocker(asking, { PATH: dir })[0]).toMatchObject({
      state: 'bad',
      text: expect.stringContaining('no docker command'),
    });
    expect(says(engine('1.43'), '{"LiveRestoreEnabled":true}')).toMatchObject([
      { state: 'ok', text: 'docker engine 24.0.7, API 1.43' },
    ]);
    expect(says(engine('1.43'))[1]).toMatchObject({
      state: 'warn',
      text: 'a restart of the docker engine ends every container',
    });
    expect(says(engine('1.40'))).toMatchObject([
      { state: 'bad', text: 'docker engine 24.0.7 is too old: it speaks API 1.40' },
    ]);
    const denied = says('echo "permission denied while trying to connect" >&2; exit 1');
    expect(denied).toMatchObject([{ state: 'bad', remedy: [expect.stringContaining('usermod')] }]);
  });

  it('finds a program inside the folder only when it may be run', () => {
    const project = projectOf('{ build: ./api, command: ./run.sh }');
    expect(checkPrograms(project, {})[0]).toMatchObject({
      state: 'bad',
      remedy: [`make ./run.sh executable in ${join(dir, 'api')}`],
    });
    writeFileSync(join(dir, 'api', 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
    expect(checkPrograms(project, {})[0]?.state).toBe('ok');
  });
});

describe('the compose file', () => {
  it('is well, or each problem is told with its place', () => {
    const project = projectOf('{ build: ./api, command: node x.js, x-friday: { port: 1 } }');
    expect(checkFile(project, [])).toEqual([{ state: 'ok', text: 'compose.yaml: 1 service', remedy: [] }]);
    writeFileSync(join(dir, 'compose.yaml'), 'services:\n  api: { image: x, comand: y }\n');
    const { problems } = loadProject({ cwd: dir, environment: {} });
    expect(checkFile(null, problems)[0]).toMatchObject({ state: 'bad', remedy: ['did you mean "command"?'] });
    expect(checkFile(null, problems)[0]?.text).toContain('(compose.yaml:2:20)');
  });

  it('is better with a readiness check', () => {
    const project = projectOf('{ build: ./api, command: node x.js, x-friday: { port: 1 } }');
    expect(checkReadiness(project)).toMatchObject([
      { state: 'warn', remedy: ['add one: services.api.x-friday.ready: /health'] },
    ]);
    const ready: ServiceSpec[] = project.services.map((one) => ({ ...one, readiness: { type: 'running' } }));
    expect(checkReadiness({ ...project, services: ready })).toEqual([]);
  });
});

describe('the control plane', () => {
  const client = (over: Partial<Client>): Client =>
    ({ status: async () => status(), isReady: async () => true, ...over }) as Client;
  const unreachable = () => Promise.reject(new Unreachable('No control plane answers at /x.', 'Start it: friday up'));

  it('answers', async () => {
    const { findings } = await checkControl(client({}), 812, '0.1.0');
    expect(findings).toEqual([{ state: 'ok', text: 'the control plane answers (pid 812, friday 0.1.0)', remedy: [] }]);
  });

  it('is simply not running, or has been killed', async () => {
    expect((await checkControl(client({ status: unreachable }), null, '0.1.0')).findings[0]?.state).toBe('off');
    expect((await checkControl(client({ status: unreachable }), 812, '0.1.0')).findings[0]?.state).toBe('bad');
  });

  it('has a balancer of an older version, which an upgrade leaves as it is', async () => {
    const old = status({ balancer: { version: '0.0.9', pid: 4711 } });
    const { findings } = await checkControl(client({ status: async () => old }), 812, '0.1.0');
    expect(findings[1]).toEqual({
      state: 'warn',
      text: 'the balancer still is that of friday 0.0.9 (pid 4711); the control plane is 0.1.0',
      remedy: [
        'friday down && friday up     when people can do without it for a moment',
        'kill -9 4711     a new one is there after about a second; what is open is cut',
      ],
    });
    const own = status({ balancer: { version: '0.1.0', pid: 4711 } });
    expect((await checkControl(client({ status: async () => own }), 812, '0.1.0')).findings).toHaveLength(1);
  });

  it('is another version, hangs, complains, or has services in trouble', async () => {
    const troubled = status({
      problems: ['The disk is full.'],
      services: [service('web', { state: 'down' }), service('api', { state: 'degraded' })],
    });
    const { findings } = await checkControl(
      client({ status: async () => troubled, isReady: async () => false }),
      812,
      '0.2.0',
    );
    expect(findings.map((one) => [one.state, one.text])).toEqual([
      ['warn', 'the control plane answers (pid 812, friday 0.1.0), and this is friday 0.2.0'],
      ['bad', 'its loop does not turn, so nothing moves on'],
      ['bad', 'the disk is full'],
      ['bad', 'web is down'],
      ['warn', 'api is degraded'],
    ]);
  });
});
