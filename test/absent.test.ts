// Orders while the control plane is gone: what it left is found, and nothing is lost or left behind.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = resolve(import.meta.dirname, '../src/cli/main.ts');
const dir = mkdtempSync(join(tmpdir(), 'friday-absent-'));
const cwd = join(dir, 'shop');
const stateDir = join(dir, 'state', 'shop');
const env = { ...process.env, FRIDAY_STATE_DIR: join(dir, 'state'), FRIDAY_BY: 'ana', CI: '', FORCE_COLOR: '' };

type Ran = { readonly code: number; readonly out: string; readonly err: string };

function friday(...argv: string[]): Promise<Ran> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...argv], { cwd, env }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

const write = (greeting: string) =>
  writeFileSync(
    join(cwd, 'api', 'server.mjs'),
    `import { createServer } from 'node:http';
createServer((_, answer) => answer.end('${greeting}')).listen(process.env.PORT, '127.0.0.1');\n`,
  );

beforeAll(async () => {
  mkdirSync(join(cwd, 'api'), { recursive: true });
  write('one');
  const plan = 'release: { plan: [] }';
  const service = (name: string) =>
    `  ${name}: { build: ./api, command: node server.mjs, x-friday: { port: 3000, route: ${name}.localhost, ${plan} } }`;
  writeFileSync(
    join(cwd, 'compose.yaml'),
    `name: shop\nservices:\n${service('api')}\n${service('web')}\nx-friday: { listen: "127.0.0.1:0" }\n`,
  );
  await friday('up');
  write('two');
  await friday('release', 'api');
});

afterAll(async () => {
  await friday('down', '-y');
  rmSync(dir, { recursive: true, force: true });
});

const pid = () => Number(readFileSync(join(stateDir, 'daemon.pid'), 'utf8'));
const instances = () => readdirSync(join(stateDir, 'instances', 'instances'));

async function killControlPlane(): Promise<void> {
  const killed = pid();
  process.kill(killed, 'SIGKILL');
  while (existsSync(`/proc/${killed}`)) await sleep(20);
}

describe('a control plane that was killed', () => {
  it('is missed, and it is said what goes on and how to start it', async () => {
    const killed = pid();
    await killControlPlane();
    const { code, err } = await friday('status');
    const said = `error: the control plane of shop (process ${killed}) does not answer; what runs goes on meanwhile`;
    expect([code, err]).toEqual([5, `${said}\n  to start it again and change nothing: friday up -n\n`]);
  });

  it('is started again by a plan, which then knows what runs', async () => {
    const { code, out } = await friday('up', 'api', '-n');
    expect([code, out]).toEqual([0, '\n  compose.yaml: nothing to do\n\n  = api  no change\n\n']);
  });

  it('is started again by a rollback, which releases nothing else', async () => {
    write('three');
    await killControlPlane();
    const { code, out, err } = await friday('rollback', 'api');
    expect(err).toContain('The control plane of shop was started');
    expect([code, out]).toEqual([0, expect.stringContaining('v1 has 100% of traffic')]);
  });

  it('is not needed to see that a service is stopped already', async () => {
    expect((await friday('down', 'web', '-y')).code).toBe(0);
    const { code, out } = await friday('down', 'web', '-y');
    expect([code, out]).toEqual([0, '  ✓ nothing was running\n']);
    expect(instances().some((id) => id.startsWith('api-'))).toBe(true);
  });

  it('leaves nothing behind when its state is deleted', async () => {
    await killControlPlane();
    const record = readFileSync(join(stateDir, 'instances', 'instances', 'api-v1-1', 'record.json'), 'utf8');
    const instance = (JSON.parse(record) as { process: { pid: number } }).process.pid;
    expect(existsSync(`/proc/${instance}`)).toBe(true);
    const proxy = Number(readFileSync(join(stateDir, 'balancer', 'proxy.pid'), 'utf8'));
    const { code, out } = await friday('down', '--volumes', '--confirm', 'shop');
    expect([code, out]).toEqual([0, expect.stringContaining('api stopped')]);
    expect([instance, proxy].map((one) => existsSync(`/proc/${one}`))).toEqual([false, false]);
    expect(existsSync(stateDir)).toBe(false);
  });
});
