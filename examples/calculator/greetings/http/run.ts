// Runs one service as a process: parameters from the environment, SIGTERM and SIGINT stop it cleanly.
import { type Environment, readEnvironment } from './environment.ts';
import { createLog, describeError, type Log } from './log.ts';
import { type App, startServer } from './server.ts';

/**
 * Reads PORT, HOST, LOG and what `read` asks for, then serves what `create` makes of it until a signal comes.
 * Exit status: 0 after a signal, 1 when the port is taken or after a bug, 2 when a parameter is wrong (each is named).
 */
export async function run<Settings>(
  name: string,
  read: (environment: Environment) => Settings,
  create: (settings: Settings, log: Log) => App | Promise<App>,
): Promise<void> {
  const log = createLog(name);
  const environment = readEnvironment(process.env);
  const port = environment.number('PORT', { min: 0, max: 65_535, isWhole: true });
  const host = environment.text('HOST') || '127.0.0.1';
  const isLoggingAll = environment.choice('LOG', ['', 'all']) === 'all';
  const settings = read(environment);
  if (environment.problems.length > 0) {
    for (const problem of environment.problems) log.error(problem);
    process.exit(2);
  }
  const crash = (error: unknown) => {
    log.error(`${name} crashed`, describeError(error));
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  try {
    const server = await startServer({ name, app: await create(settings, log), host, port, log, isLoggingAll });
    const stop = () => {
      server.stop().then(() => process.exit(0), crash);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    log.info(`${name} listens on http://${host}:${server.port}`);
  } catch (error) {
    log.error(`${name} cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
