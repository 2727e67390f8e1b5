// The ports of tests: processes that run side by side are never given the same one.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, it } from 'vitest';

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

const MODULE = resolve(import.meta.dirname, 'ports.ts');
const SCRIPT = `const { claimPorts, freePort } = await import(process.argv[1]);
const { first, last } = await claimPorts();
const block = Array.from({ length: last - first + 1 }, (_, i) => first + i);
const ports = await Promise.all(Array.from({ length: 120 }, freePort));
console.log(JSON.stringify([...block, ...ports]));
process.stdin.resume();`;

/** What a process is given that goes on until the end of the test. */
async function portsOfAnother(): Promise<{ readonly ports: number[]; readonly child: ChildProcess }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, MODULE], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), once(child, 'exit')]);
  return { ports: JSON.parse(String(line)) as number[], child };
}

it('are given once, and lie below those that the system and the product give out', async () => {
  const ports = (await Promise.all([1, 2, 3, 4].map(portsOfAnother))).flatMap((one) => one.ports);
  expect(ports).toHaveLength(4 * (49 + 120));
  expect(new Set(ports).size).toBe(ports.length);
  expect(ports.filter((port) => port < 10_000 || port > 17_999)).toEqual([]);
});

it('stay claimed while unused, until their process ends', async () => {
  const { ports, child } = await portsOfAnother();
  const guard = (ports[0] ?? 0) - 1;
  const canClaim = () =>
    new Promise<boolean>((done) => {
      const server = createServer().once('error', () => done(false));
      server.listen(guard, '127.0.0.1', () => server.close(() => done(true)));
    });
  expect(await canClaim()).toBe(false);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  expect(await canClaim()).toBe(true);
});
