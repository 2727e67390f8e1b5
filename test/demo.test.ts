// The demo as a person's script runs it: the real command, real processes, real traffic. It leaves nothing behind.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const main = resolve(import.meta.dirname, '../src/cli/main.ts');

type Ended = { readonly code: number | null; readonly lines: string[]; readonly stderr: string };

const temporary = realpathSync(mkdtempSync(join(tmpdir(), 'friday-demo-test-')));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** `onServing` is called once, when the demo says where the calculator is. */
function run(args: readonly string[], onServing?: (pid: number) => void): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, TMPDIR: temporary };
    const child = spawn(process.execPath, [main, 'demo', ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      const isNews = !stderr.includes('http://');
      stderr += text;
      if (isNews && stderr.includes('http://') && child.pid) onServing?.(child.pid);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, lines: stdout.trim().split('\n'), stderr }));
  });
}

function resultOf({ lines, stderr }: Ended): Record<string, unknown> {
  const last = lines.at(-1) ?? '';
  if (!last.startsWith('{')) throw new Error(`No result: ${lines.join('\n')}\n${stderr}`);
  return JSON.parse(last);
}

/** Folders and processes of this test's demos that are there now; an instance is known by the folder that it runs in. */
function leftovers(): string[] {
  const folders = readdirSync(temporary);
  const isOurs = (pid: string) => {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readlinkSync(`/proc/${pid}/cwd`);
      return words.includes(temporary);
    } catch {
      return false;
    }
  };
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOurs(name));
  return [...folders, ...processes.map((pid) => `process ${pid}`)];
}

describe('the demo', () => {
  it('takes a broken version back within 3 s of its first request, with nothing dropped', async () => {
    const ended = await run(['--play', 'broken', '--json']);
    const result = resultOf(ended);
    expect(result).toMatchObject({
      type: 'result',
      story: 'broken',
      state: 'rolled_back',
      dropped: 0,
      stableFailures: 0,
    });
    expect(result.seconds).toBeLessThan(4);
    expect(result.candidateFailures).toBe(result.candidateRequests);
    expect(ended.code).toBe(0);
    expect(leftovers()).toEqual([]);
  });

  it('promotes a good version without a failed request', async () => {
    const ended = await run(['--play', 'good', '--json']);
    expect(resultOf(ended)).toMatchObject({ state: 'promoted', failed: 0, dropped: 0, candidateFailures: 0 });
    expect(ended.code).toBe(0);
    expect(leftovers()).toEqual([]);
  });

  it('takes a slow version back by its latency, though it fails nothing', async () => {
    const ended = await run(['--play', 'slow', '--json']);
    expect(resultOf(ended)).toMatchObject({ state: 'rolled_back', failed: 0, dropped: 0, candidateFailures: 0 });
    expect(resultOf(ended).sentence).toMatch(/^Requests slower than the p\d\d of v1: /);
    expect(ended.code).toBe(0);
    expect(leftovers()).toEqual([]);
  });

  it('heals a killed instance while users notice nothing', async () => {
    const ended = await run(['--play', 'kill', '--json']);
    expect(resultOf(ended)).toMatchObject({ state: 'healed', failed: 0, dropped: 0 });
    expect(ended.code).toBe(0);
    expect(leftovers()).toEqual([]);
  });

  it.each([
    ['just when it releases', 2100],
    ['while the release is under way', 5000],
  ])('cleans up when it is told to end in the middle: %s', async (_, ms) => {
    const ended = await run(['--play', 'good', '--json'], (pid) => setTimeout(() => process.kill(pid, 'SIGTERM'), ms));
    expect(ended.code).toBe(130);
    expect(leftovers()).toEqual([]);
  });
});
