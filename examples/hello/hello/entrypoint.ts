// Where the process begins: checks its parameters, starts the server, and ends cleanly when it is told to.
import { readParameters } from './parameters.ts';
import { startServer } from './server.ts';

/** EX_USAGE of sysexits(3): called with wrong parameters. */
const WRONG_PARAMETERS = 64;

const log = (level: 'info' | 'warn' | 'error', msg: string) =>
  (level === 'info' ? process.stdout : process.stderr).write(
    `${JSON.stringify({ level, msg, time: new Date().toISOString(), version: process.env.FRIDAY_VERSION })}\n`,
  );

async function main(): Promise<void> {
  const read = readParameters(process.env);
  if ('problems' in read) {
    for (const problem of read.problems) log('error', problem);
    process.exitCode = WRONG_PARAMETERS;
    return;
  }
  const { host } = read.parameters;
  const server = await startServer(read.parameters);
  log('info', `hello listens on http://${host}:${server.port}`);
  if (process.pid === 1)
    log('warn', 'This is process 1, and it reaps nobody: use an init (docker run --init, init: true).');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log('info', `${signal}: finishing what is open`);
      void server.stop();
    });
  }
}

await main().catch((error: unknown) => {
  log('error', `hello cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
