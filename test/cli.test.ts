// The command line end to end: real processes, a real control plane, real traffic, and a real terminal.
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from './engines.ts';
import { freePort } from './ports.ts';

const main = resolve(import.meta.dirname, '../src/cli/main.ts');
const dir = mkdtempSync(join(tmpdir(), 'friday-e2e-'));
const cwd = join(dir, 'shop');
const stateDir = join(dir, 'state');
const env = { ...process.env, FRIDAY_STATE_DIR: stateDir, FRIDAY_BY: 'ana', CI: '', NO_COLOR: '', FORCE_COLOR: '' };

type Ran = { readonly code: number; readonly out: string; readonly err: string };

function friday(...argv: string[]): Promise<Ran> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...argv], { cwd, env, maxBuffer: 1e8 }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

const server = (greeting: string, failing: number, noise: number) => `import { createServer } from 'node:http';
let seen = 0;
createServer((request, answer) => {
  if (request.url === '/health') return answer.end('ok');
  seen += 1;
  if (seen % 100 < ${failing}) { console.error('ERROR no currency'); answer.statusCode = 500; }
  answer.end('${greeting}');
}).listen(process.env.PORT, '127.0.0.1', () => console.log('up'));
for (let line = 0; line < ${noise}; line += 1) console.log('x'.repeat(100));
`;
const write = (greeting: string, failing = 0, noise = 0) =>
  writeFileSync(join(cwd, 'api', 'server.mjs'), server(greeting, failing, noise));

let port: number;
let traffic: NodeJS.Timeout;

beforeAll(async () => {
  port = await freePort();
  mkdirSync(join(cwd, 'api'), { recursive: true });
  write('one', 0, 2000);
  writeFileSync(
    join(cwd, 'compose.yaml'),
    `name: shop
services:
  api:
    build: ./api
    command: node server.mjs
    x-friday:
      port: 3000
      route: "*"
      ready: /health
      release: { plan: [50], bake: 2s, requests: 5, hold_back: 0 }
x-friday: { listen: "127.0.0.1:${port}" }
`,
  );
  traffic = setInterval(
    () =>
      void fetch(`http://127.0.0.1:${port}/`).then(
        (one) => one.text(),
        () => '',
      ),
    20,
  );
});

afterAll(async () => {
  clearInterval(traffic);
  await friday('down', '-y');
  rmSync(dir, { recursive: true, force: true });
});

const answerOf = async () => (await fetch(`http://127.0.0.1:${port}/`)).text();
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a project on one machine', () => {
  it('is planned without starting anything', async () => {
    const { code, out } = await friday('up', '-n');
    expect([code, out]).toEqual([0, '\n  compose.yaml: 1 addition\n\n  + api  new, 1 replica\n\n']);
    expect(existsSync(stateDir)).toBe(false);
  });

  it('says that nothing runs, and how to start it', async () => {
    const { code, err } = await friday('status');
    expect(code).toBe(5);
    expect(err).toMatch(/^error: no control plane answers at .*\n {2}start it: friday up\n$/);
  });

  it('comes up: the control plane is started, and the service is healthy', async () => {
    const { code, out, err } = await friday('up');
    expect(err).toContain('The control plane of shop was started; friday down ends it.');
    expect(out).toMatch(/✓ api {2}v1 healthy/);
    expect(out).toContain(`http://localhost:${port}`);
    expect([code, await answerOf()]).toEqual([0, 'one']);
  });

  it('has nothing to do when asked again', async () => {
    const { code, out } = await friday('up');
    expect(code).toBe(0);
    expect(out).toContain('compose.yaml: nothing to do');
    expect(out).toContain('Nothing changed.');
  });

  it('releases a good version, step by step, and exits 0', async () => {
    write('two');
    const { code, out } = await friday('release', 'api', '--reason', 'prices in euro');
    const words = out
      .trim()
      .split('\n')
      .map((line) => line.split(/ +/)[3]);
    expect(words).toEqual(['starting', '50%', '100%', 'promoted']);
    expect(out).toContain('beside v1, by ana: prices in euro');
    expect([code, await answerOf()]).toEqual([0, 'two']);
  });

  it('takes a bad version back, shows the evidence, and exits 10', async () => {
    write('three', 60);
    const { code, out } = await friday('release', 'api', '--json');
    expect(code).toBe(10);
    const last = linesOf(out).at(-1);
    expect(last).toMatchObject({ type: 'result', service: 'api', version: 3, verdict: 'rolled_back', exit: 10 });
    expect(await answerOf()).toBe('two');
    const logs = await friday('logs', 'api@v3', 'currency');
    expect(logs.out).toMatch(/^\d\d:\d\d:\d\d api@v3 #1 ERROR no currency$/m);
    const told = async () => (await friday('history', String(last?.release))).out;
    await expect.poll(told, { timeout: 30_000 }).toMatch(/500 {2}(only|seen) on v3.*\n +no currency$/m);
  });

  it('does not send the bad version out again by itself', async () => {
    const { code, out } = await friday('up');
    expect(code).toBe(0);
    expect(out).toContain('v3 of this code was taken back; friday release api tries it again');
  });

  it('goes back to the version before, and says how long it took', async () => {
    const { code, out, err } = await friday('rollback', 'api');
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}✓ v1 has 100% of traffic +\d/m);
    expect(err).toContain('Undo: friday promote api@v2 --full');
    expect(await answerOf()).toBe('one');
  });

  it('keeps who, what and why', async () => {
    const { out } = await friday('history', 'api');
    expect(out).toMatch(/✓ v1 +\d+ +stable/);
    expect(out).toContain('ana released v2 of api');
    expect(out).toContain('prices in euro');
  });

  it('is examined by the doctor', async () => {
    const { code, out } = await friday('doctor');
    expect(out).toContain('✓ compose.yaml: 1 service');
    expect(out).toContain(`✓ port ${port} is served`);
    expect(out).toMatch(/✓ the control plane answers \(pid \d+/);
    expect(code).toBe(0);
  });

  it('can be rolled back while its compose file is broken', async () => {
    const file = join(cwd, 'compose.yaml');
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, `${good}services: [`);
    const [status, up] = [await friday('status', 'api'), await friday('up')];
    writeFileSync(file, good);
    expect(status.code).toBe(0);
    expect([up.code, up.err.includes('-->')]).toEqual([2, true]);
  });
});

describe('another control plane', () => {
  const present = () => JSON.parse(readFileSync(join(stateDir, 'shop', 'daemon.json'), 'utf8')) as { url: string };
  const from = (extra: Record<string, string>, ...argv: string[]) =>
    spawnSync(process.execPath, [main, ...argv], { cwd: dir, env: { ...env, ...extra }, encoding: 'utf8' });

  it('is reached by its address with a token, in any folder', () => {
    const token = { FRIDAY_TOKEN_FILE: join(stateDir, 'shop', 'token') };
    const ran = from(token, '-H', present().url, 'status');
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toContain('shop on ');
    expect(from({ ...token, FRIDAY_HOST: present().url }, 'status').status).toBe(0);
  });

  it('tells nothing without one: exit 4', () => {
    const ran = from({}, '-H', present().url, 'status');
    expect([ran.status, ran.stdout]).toEqual([4, '']);
    expect(ran.stderr).toMatch(/^error: sign in, or send a token/);
  });
});

describe('a pipe', () => {
  it('that closes early ends friday at once, without a word', () => {
    for (const words of ['help', 'status --json', 'logs -n 10000', 'history']) {
      const script = `"${process.execPath}" "${main}" ${words} | head -c 1 >/dev/null; echo "\${PIPESTATUS[0]}"`;
      const ran = spawnSync('bash', ['-c', script], { cwd, env, encoding: 'utf8', timeout: 20_000 });
      expect([words, ran.stdout.trim(), ran.stderr]).toEqual([words, '0', '']);
    }
  });

  it('whose reader is slow gets every word', () => {
    const script = `"${process.execPath}" "${main}" logs api@v1 -n 10000 | (sleep 1; wc -l)`;
    const ran = spawnSync('bash', ['-c', script], { cwd, env, encoding: 'utf8' });
    expect(Number(ran.stdout)).toBeGreaterThan(2000);
  });

  it.each([
    ['stdout', ['help', '--json'], 0],
    ['stdout', ['status'], 0],
    ['stderr', ['relase'], 0],
  ] as const)('that nobody reads (%s of %j) is no reason to complain', async (stream, argv, expected) => {
    const child = spawn(process.execPath, [main, ...argv], { cwd, env });
    child[stream].destroy();
    let said = '';
    child[stream === 'stdout' ? 'stderr' : 'stdout'].on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const [code] = (await once(child, 'exit')) as [number];
    expect([code, said]).toEqual([expected, '']);
  });

  it('gets no escape codes', async () => {
    const { out, err } = await friday('status');
    expect(out + err).not.toContain('\u001b');
  });
});

describeWith('tmux', 'a terminal of 80 columns', () => {
  const socket = `friday-${process.pid}`;
  const tmux = (...argv: string[]) => execFileSync('tmux', ['-L', socket, ...argv], { encoding: 'utf8', env });
  const screen = () => tmux('capture-pane', '-p', '-t', 't');
  const shows = async (text: RegExp, ms = 30_000) => {
    const until = Date.now() + ms;
    while (!text.test(screen())) {
      if (Date.now() > until) throw new Error(`${text} is not on the screen:\n${screen()}`);
      await sleep(50);
    }
    return screen();
  };
  const type = (line: string) => tmux('send-keys', '-t', 't', line, 'Enter');

  beforeAll(async () => {
    tmux('new-session', '-d', '-x', '80', '-y', '40', '-s', 't', 'bash --norc');
    type(`cd '${cwd}'; PS1='ready> '; alias friday='${process.execPath} ${main}'; clear`);
    await shows(/^ready>$/m);
  });
  afterAll(() => {
    tmux('kill-server');
  });

  it('shows the release live, pauses, goes on, and asks before it rolls back', async () => {
    write('four');
    type('clear; friday release api --steps 20,50; echo "exit=$?"');
    const ramping = await shows(/◉ 20% ── ○ 50% ── ○ 100%/);
    expect(ramping).toMatch(/^ api {2}v1 → v4 {3}◉ ramping/m);
    expect(ramping).toContain(' p promote   space pause   r roll back   q stop watching');
    tmux('send-keys', '-t', 't', ' ');
    await shows(/‖ paused/);
    await shows(/p go on {3}r roll back/);
    tmux('send-keys', '-t', 't', 'p');
    await shows(/● 20% ── ◉ 50%/);
    tmux('send-keys', '-t', 't', 'r');
    await shows(/Roll api back to v1\? {2}y yes {3}n no/);
    tmux('send-keys', '-t', 't', 'y');
    const last = await shows(/exit=10/);
    expect(last).toMatch(/✕ rolled back/);
    expect(last).toMatch(/v1 has 100% again$/m);
    expect(last.match(/ api {2}v1 → v4/g)).toHaveLength(1);
    expect(await answerOf()).toBe('one');
  });

  it('stops watching with Ctrl-C, and the release goes on', async () => {
    write('five');
    type('clear; friday release api --steps 50; echo "exit=$?"');
    await shows(/◉ 50%/);
    tmux('send-keys', '-t', 't', 'C-c');
    expect(await shows(/exit=130/)).toContain('Stopped watching; the release goes on.');
    type('clear; friday status api -w; echo "exit=$?"');
    await shows(/✓ promoted[\s\S]*exit=0/);
    expect(await answerOf()).toBe('five');
  });

  it('is asked before everything stops, and then gets its cursor back', async () => {
    type('clear; friday down; echo "exit=$?"');
    await shows(/Stop api\? \(y\/N\)$/m);
    type('n');
    await shows(/Cancelled\. Nothing changed\.\s+exit=1/);
    expect(tmux('display-message', '-p', '-t', 't', '#{cursor_flag}').trim()).toBe('1');
  });
});

describe('the end', () => {
  it('stops everything, and the control plane with it', async () => {
    const refused = await friday('down');
    expect([refused.code, refused.err]).toEqual([2, 'error: this needs a yes: Stop api?\n  say it with -y\n']);
    const { code, out } = await friday('down', '--volumes', '--confirm=shop');
    expect(code).toBe(0);
    expect(out).toMatch(/^ {2}✓ api stopped {3}\S+\n {2}✓ versions, logs and history are deleted\n$/);
    expect(existsSync(join(stateDir, 'shop'))).toBe(false);
    expect((await friday('status')).code).toBe(5);
  });
});
