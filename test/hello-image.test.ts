// The image of examples/hello in a real engine: what is in it, who it runs as, and how it begins, reaps and ends.
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newTestEngine, type TestEngine } from '../src/adapters/runtime/engine/fixture.ts';
import { describeWith } from './engines.ts';
import { until } from './hello/tutorial.ts';

const folder = resolve(import.meta.dirname, '../examples/hello/hello');
const HARD = ['--init', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--memory=128m'];

describeWith('docker', 'the image of hello', () => {
  let engine: TestEngine;
  const docker = async (...words: string[]) => {
    const env = { ...process.env, DOCKER_HOST: engine.host, DOCKER_CONFIG: join(engine.dir, 'config') };
    const { stdout } = await promisify(execFile)('docker', words, { env });
    return stdout.trim();
  };
  const start = (...words: string[]) => docker('run', '-d', ...words);
  const inspect = async (id: string, format: string) => docker('inspect', '-f', format, id);

  beforeAll(async () => {
    engine = await newTestEngine();
    const bases = ['--build-arg', 'BUILD_IMAGE=node-base:local', '--build-arg', 'RUN_IMAGE=node-base:local'];
    await docker('build', '-q', '-t', 'hello', ...bases, folder);
  }, 120_000);
  afterAll(() => engine?.remove());

  it('adds little to the base, and nothing but plain JavaScript', async () => {
    const [base = 0, hello = 0] = (await docker('inspect', '-f', '{{.Size}}', 'node-base:local', 'hello'))
      .split('\n')
      .map(Number);
    expect(hello - base).toBeLessThan(20_000);
    expect(
      await docker('run', '--rm', '--entrypoint', 'node', 'hello', '-p', 'fs.readdirSync("/app").sort().join()'),
    ).toBe('answer.js,entrypoint.js,health.js,package.json,parameters.js,server.js');
  });

  it('runs as nobody under an init, without rights and on a root that it cannot write; and ends with 0 when asked', async () => {
    const id = await start(...HARD, '--health-interval=1s', 'hello');
    const look = `const { readFileSync: f, writeFileSync: w } = fs; let e = ''; try { w('/app/x', '') } catch (r) { e = r.code }
      JSON.stringify([process.getuid(), e, f('/proc/1/comm', 'utf8').trim(), /CapEff:\\s*(\\w+)/.exec(f('/proc/self/status', 'utf8'))[1]])`;
    const seen = JSON.parse(await docker('exec', id, 'node', '-p', look));
    expect(seen).toEqual([65532, 'EROFS', 'docker-init', '0'.repeat(16)]);
    expect(await docker('exec', id, 'node', 'health.js')).toBe('');
    const health = () => inspect(id, '{{.State.Health.Status}}');
    await until(async () => (await health()) === 'healthy', health);
    await docker('stop', id);
    expect(await inspect(id, '{{.State.ExitCode}}')).toBe('0');
    expect(await docker('logs', id)).toContain('SIGTERM: finishing what is open');
  });

  it('ends with 64 and says why when a parameter is wrong', async () => {
    const id = await start(...HARD, '-e', 'PORT=http', 'hello');
    expect(await docker('wait', id)).toBe('64');
    const { stderr } = await promisify(execFile)('docker', ['-H', engine.host, 'logs', id]);
    expect(stderr).toContain('PORT is \\"http\\", not a whole number from 1 to 65535.');
  });

  it('says so when it is process 1 itself', async () => {
    const id = await start('hello');
    const logs = async () => (await promisify(execFile)('docker', ['-H', engine.host, 'logs', id])).stderr;
    await until(async () => (await logs()).includes('use an init'), logs);
  });

  it('leaves no zombies: the init reaps whoever lost its parent', async () => {
    const id = await start(...HARD, 'hello');
    const orphan = `const { spawn } = child_process; spawn('node', ['-e', "child_process.spawn('node', ['-e', '0'], { detached: true }).unref(); process.exit()"])`;
    await docker('exec', id, 'node', '-e', orphan);
    const zombies = `fs.readdirSync('/proc').filter((p) => /^\\d+$/.test(p)).filter((p) => { try { return / Z /.test(fs.readFileSync('/proc/' + p + '/stat', 'utf8')) } catch { return false } }).length`;
    const count = () => docker('exec', id, 'node', '-p', zombies);
    await until(async () => (await count()) === '0', count);
  });
});
