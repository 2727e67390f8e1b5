// Tests of reading /proc and of measuring groups of processes.
import { spawn } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../fixture.ts';
import { parseStat, procAt } from './proc.ts';
import { usageMeter } from './usage.ts';

describe('/proc', () => {
  const started: number[] = [];
  afterEach(() => {
    for (const pid of started.splice(0)) process.kill(-pid, 'SIGKILL');
  });
  const start = (script: string, environment = {}) => {
    const env = { PATH: process.env.PATH, ...environment };
    const child = spawn('sh', ['-c', script], { detached: true, stdio: 'ignore', env });
    started.push(child.pid ?? 0);
    return child.pid ?? 0;
  };

  it('reads a name with spaces and parentheses', () => {
    const rest = `S 1 7 8 0 -1 4194304 47 0 0 0 250 50 0 0 20 0 1 0 133663 107307008 34 ${'0 '.repeat(28)}`;
    const stat = parseStat(`42 (a ) R (x) y) ${rest}`, { tickMs: 10, pageBytes: 4096 });
    expect(stat).toEqual({
      pid: 42,
      group: 7,
      session: 8,
      isZombie: false,
      startTime: '133663',
      cpuMs: 3000,
      memory: 34 * 4096,
    });
    expect(parseStat('', { tickMs: 10, pageBytes: 4096 })).toBeNull();
  });

  it('tells about this process what the process itself knows', async () => {
    const proc = procAt('/proc');
    const stat = proc.stat(process.pid);
    const { user, system } = process.cpuUsage();
    expect(Math.abs((stat?.cpuMs ?? 0) - (user + system) / 1000)).toBeLessThan(200);
    expect(Math.abs((stat?.memory ?? 0) / process.memoryUsage.rss() - 1)).toBeLessThan(0.2);
    expect((await proc.scan()).some(({ pid }) => pid === process.pid)).toBe(true);
    expect(proc.bootId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('tells of nothing for a process that is not there, and the token of one that has it', async () => {
    const proc = procAt('/proc');
    expect(proc.stat(4_194_305)).toBeNull();
    expect(proc.tokenOf(4_194_305)).toBeNull();
    const pid = start('sleep 60', { FRIDAY_LAUNCH: 'abc=1' });
    await until(() => proc.tokenOf(pid) === 'abc=1');
  });

  it('is needed: without it the runtime says so', () => {
    expect(() => procAt('/nowhere')).toThrow('needs /proc (Linux)');
  });

  it('measures processor and memory of the whole group', async () => {
    const proc = procAt('/proc');
    const meter = usageMeter();
    const idle = start('sleep 60');
    const busy = start('(while :; do :; done) & sleep 60');
    const leaders = new Map([
      ['idle', idle],
      ['busy', busy],
    ]);
    const sample = async () => meter.sample(performance.now(), await proc.scan(), leaders);
    await until(async () => (await proc.scan()).filter(({ group }) => group === busy).length === 3);
    await sample();
    expect(meter.of('busy').cpu).toBeNull();
    await new Promise((resolve) => setTimeout(resolve, 600));
    await sample();
    const [{ cpu = 0 }, { memory = 0 }] = [meter.of('busy'), meter.of('busy')];
    expect(cpu).toBeGreaterThan(0.1);
    expect(cpu).toBeLessThan(1.2);
    expect(meter.of('idle').cpu).toBeLessThan(0.05);
    expect(memory).toBeGreaterThan(meter.of('idle').memory ?? 0);
    expect(meter.of('unknown')).toEqual({ cpu: null, memory: null });
  });
});
