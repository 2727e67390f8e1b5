// A shell that runs the commands of the README of examples/hello in a copy of it.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandsBelow } from '../../examples/hello/demos/readme.ts';
import { freePort } from '../ports.ts';

const root = resolve(import.meta.dirname, '../..');
const example = join(root, 'examples/hello');

export type Ran = { readonly code: number; readonly out: string; readonly err: string };

export type Tutorial = {
  /** The copy of the example that the commands change. */
  readonly folder: string;
  readonly address: string;
  /** Runs the commands below a heading; rejects with all their output when one fails. Gives the output, blocks joined. `variables` count this once. */
  run(heading: string, variables?: Readonly<Record<string, string>>): Promise<string>;
  /** Runs any command in the same shell. */
  shell(command: string): Promise<Ran>;
  /** Starts the requests of the second terminal. `end` ends them, once or again, and gives the statuses other than 200. */
  sendRequests(): { readonly end: () => Promise<string[]> };
  close(): Promise<void>;
};

/** `environment` joins the shell's. */
export async function openTutorial(environment: Readonly<Record<string, string>> = {}): Promise<Tutorial> {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'friday-hello-')));
  const folder = join(place, 'hello');
  cpSync(example, folder, { recursive: true, filter: (file) => !/\.test\.ts$|node_modules|\/dist$/.test(file) });
  mkdirSync(join(place, 'bin'));
  const friday = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'src/cli/main.ts')}' "$@"\n`;
  writeFileSync(join(place, 'bin', 'friday'), friday, { mode: 0o755 });
  const [plain, secure] = [await freePort(), await freePort()];
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${join(place, 'bin')}${delimiter}${process.env.PATH}`,
    FRIDAY_STATE_DIR: join(place, 'state'),
    FRIDAY_BY: 'ana',
    CI: '',
    LISTEN: `127.0.0.1:${plain}`,
    LISTEN_TLS: `127.0.0.1:${secure}`,
    ...environment,
  };
  const ours = (command: string) =>
    command.replaceAll('localhost:8080', `localhost:${plain}`).replaceAll('localhost:8443', `localhost:${secure}`);
  const shell = (command: string) => runShell(ours(command), folder, env);
  return {
    folder,
    address: `https://localhost:${secure}`,
    shell,
    run: async (heading, variables = {}) => {
      const outs: string[] = [];
      for (const command of commandsBelow(heading)) {
        const { code, out, err } = await runShell(ours(command), folder, { ...env, ...variables });
        // The next commands are typed in the same terminal.
        for (const [, name = '', value] of command.matchAll(/^export (\w+)=(\S+)$/gm)) env[name] = value;
        if (code !== 0) throw new Error(`${heading}: status ${code}\n$ ${command}${out}${err}`);
        outs.push(out);
      }
      return outs.join('');
    },
    sendRequests: () => {
      const [loop = ''] = commandsBelow('Send requests');
      const child = spawn('bash', ['-c', ours(loop)], { cwd: folder, env, detached: true, stdio: 'pipe' });
      const closed = once(child, 'close');
      let said = '';
      child.stdout.on('data', (text) => {
        said += text;
      });
      return {
        end: async () => {
          if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
            process.kill(-child.pid, 'SIGTERM');
          }
          await closed;
          return said.split('\n').filter((line) => line !== '');
        },
      };
    },
    close: async () => {
      await shell('friday down --yes');
      rmSync(place, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function runShell(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Ran> {
  return new Promise((done) => {
    execFile('bash', ['-euo', 'pipefail', '-c', command], { cwd, env, maxBuffer: 1e8 }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out, err });
    });
  });
}

/** Waits for a condition; after a minute an error with the last `what` says. */
export async function until(isTrue: () => Promise<boolean>, what: () => Promise<string>, ms = 60_000): Promise<void> {
  for (const end = performance.now() + ms; !(await isTrue()); await sleep(100)) {
    if (performance.now() > end) throw new Error(`Not within ${ms} ms: ${await what()}`);
  }
}
