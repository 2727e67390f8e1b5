// Records a demo: runs the commands of the tutorial for real, in a terminal, and writes what it showed as an asciicast.
// node demos/record.ts processes     Needs friday, curl and script (Debian: bsdutils). The engines are found as usual, by DOCKER_HOST.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandsBelow } from './readme.ts';

/** Headings of the README, in the order in which they are played. */
const RELEASES = ['Ask', 'Release', 'Release something broken', 'Roll back'];
const DEMOS: Readonly<Record<string, readonly string[]>> = {
  processes: ['As processes', ...RELEASES, 'Kill a process', 'Scale up'],
  docker: ['On Docker', ...RELEASES, 'Kill a container', 'Scale up'],
  swarm: ['On Docker Swarm', ...RELEASES, 'Scale up', 'Lose a node'],
};
const SIZE = { width: 90, height: 30 };
const LETTER_MS = 25;
const READ_MS = 1500;

type Event = readonly [seconds: number, kind: 'o', text: string];

const name = process.argv[2] ?? 'processes';
const headings = DEMOS[name];
if (headings === undefined) {
  console.error(`There is no demo ${name}. There is: ${Object.keys(DEMOS).join(', ')}.`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'hello-demo-'));
cpSync(join(import.meta.dirname, '..'), folder, { recursive: true });
const env: NodeJS.ProcessEnv = {
  ...process.env,
  TERM: 'xterm-256color',
  FRIDAY_STATE_DIR: join(folder, '.state'),
  FRIDAY_BY: 'ana',
};
const events: Event[] = [];
const began = performance.now();
const show = (text: string) => {
  events.push([Math.round(performance.now() - began) / 1000, 'o', text]);
  process.stdout.write(text);
};

/** As a person types it. */
async function type(command: string): Promise<void> {
  show('\u001b[36m$\u001b[0m ');
  for (const letter of command) {
    show(letter);
    await sleep(LETTER_MS);
  }
  show('\r\n');
}

/** In a terminal of its own, so that it shows what it shows to people. */
async function run(command: string): Promise<void> {
  const { width, height } = SIZE;
  const inside = `stty cols ${width} rows ${height}; ${command}`;
  const [, name, value] = /^export (\w+)=(\S+)$/.exec(command) ?? [];
  if (name !== undefined) env[name] = value;
  const child = spawn('script', ['-qefc', inside, '/dev/null'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8').on('data', show);
  await once(child, 'close');
}

const [loop = ''] = commandsBelow('Send requests');
let load: ReturnType<typeof spawn> | null = null;
try {
  for (const heading of headings) {
    if (heading === 'Release') load = spawn('bash', ['-c', loop], { detached: true, stdio: 'ignore' });
    show(`\u001b[1m# ${heading}\u001b[0m\r\n`);
    for (const command of commandsBelow(heading).flatMap((block) => block.trim().split('\n'))) {
      if (command.startsWith('#')) continue;
      await type(command);
      await run(command);
    }
    show('\r\n');
    await sleep(READ_MS);
  }
} finally {
  if (load?.pid !== undefined) process.kill(-load.pid, 'SIGTERM');
  await once(spawn('friday', ['down', '--yes'], { cwd: folder, env, stdio: 'ignore' }), 'close');
  rmSync(folder, { recursive: true, force: true });
}
// https://docs.asciinema.org/manual/asciicast/v2/
const header = { version: 2, ...SIZE, title: `hello: ${name}`, env: { TERM: env.TERM } };
const lines = [header, ...events].map((line) => JSON.stringify(line));
writeFileSync(join(import.meta.dirname, `${name}.cast`), `${lines.join('\n')}\n`);
