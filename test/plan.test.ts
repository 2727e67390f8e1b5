// What a plan finds and what instances differ by, on real traffic: the maths of the calculator, planned and compared with itself.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from './ports.ts';

const root = resolve(import.meta.dirname, '..');
const main = join(root, 'src/cli/main.ts');
const dir = mkdtempSync(join(tmpdir(), 'friday-plan-'));
const cwd = join(dir, 'calculator');
const env = { ...process.env, FRIDAY_STATE_DIR: join(dir, 'state'), FRIDAY_BY: 'ana', CI: '', NO_COLOR: '1' };
const LIMIT_MS = 180_000;

type Ran = { readonly code: number; readonly out: string; readonly err: string };

function friday(...argv: string[]): Promise<Ran> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...argv], { cwd, env, maxBuffer: 1e8 }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

let traffic: NodeJS.Timeout | undefined;
const answers = { good: 0, bad: 0 };

beforeAll(async () => {
  mkdirSync(cwd, { recursive: true });
  cpSync(join(root, 'examples/calculator/maths'), join(cwd, 'maths'), { recursive: true });
  const port = await freePort();
  const maths = {
    build: './maths',
    command: 'node server.ts',
    'x-friday': { port: 5000, route: '*', ready: '/health' },
  };
  const compose = { name: 'calculator', services: { maths }, 'x-friday': { listen: `127.0.0.1:${port}` } };
  // JSON is YAML.
  writeFileSync(join(cwd, 'compose.yaml'), JSON.stringify(compose, null, 2));
  const { code, err } = await friday('up');
  if (code !== 0) throw new Error(err);
  traffic = setInterval(() => {
    fetch(`http://127.0.0.1:${port}/add?a=1&b=2`)
      .then(async (answer) => {
        answers[answer.ok ? 'good' : 'bad'] += 1;
        await answer.text();
      })
      .catch(() => {
        answers.bad += 1;
      });
  }, 25);
}, LIMIT_MS);

afterAll(async () => {
  clearInterval(traffic);
  await friday('down', '-y');
  rmSync(dir, { recursive: true, force: true });
}, LIMIT_MS);

describe('friday plan', () => {
  it(
    'says that too little is known, and then forecasts at the traffic that was counted',
    async () => {
      const early = await friday('plan', 'maths');
      if (early.code !== 0) expect(early.err).toContain('not enough traffic of maths is known yet');
      let ran = early;
      while (ran.code === 1) ran = await friday('plan', 'maths', '--json');
      const forecast = JSON.parse(ran.out.startsWith('{') ? ran.out : (await friday('plan', 'maths', '--json')).out);
      expect(forecast.traffic.rate).toBeGreaterThan(1);
      expect(forecast.traffic.knownSeconds).toBeGreaterThan(1);
      expect(forecast.bad[0]).toMatchObject({ regression: { name: 'fails every request' } });
      expect(forecast.bad[0].found.of).toBe(forecast.bad[0].found.runs);
    },
    LIMIT_MS,
  );

  it(
    'compares the service with itself, takes the copy back, and reports',
    async () => {
      const { code, out } = await friday('plan', '--aa', 'maths', '--minutes', '0.5', '--json');
      const result = JSON.parse(out.trim().split('\n').at(-1) ?? '');
      // On a busy machine two instances may differ so much that the judge says so: that is a finding too.
      expect([0, 10]).toContain(code);
      expect(result).toMatchObject({ type: 'result', service: 'maths', verdict: 'rolled_back', exit: code });
      expect(result.comparison.peaks.map((one: { metric: string }) => one.metric)).toContain('all');
      if (code === 0) {
        expect(result.sentence).toMatch(/^A\/A of maths is over after 30s, v2 being the code of v1: /);
        expect(result.comparison.requests.candidate).toBeGreaterThan(0);
        expect(result.comparison.quantiles.map((one: { quantile: string }) => one.quantile)).toEqual([
          'p50',
          'p95',
          'p99',
        ]);
      }
      const history = await friday('history', 'maths');
      expect(history.out).toContain('ana compares v1 of maths with itself, as v2');
      expect(history.out).toMatch(/v1 .* stable/);
      expect(answers.bad).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    'has changed nothing',
    async () => {
      const { out } = await friday('up');
      expect(out).toContain('nothing to do');
    },
    LIMIT_MS,
  );
});
