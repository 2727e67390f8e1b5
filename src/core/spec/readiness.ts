// Works out how an instance of a service says that it is ready.
import type { Draft } from './draft.ts';
import type { Readiness } from './project.ts';

const HTTP = { intervalMs: 500, timeoutMs: 2000 };
const OPEN = { intervalMs: 200, timeoutMs: 1000 };

/**
 * x-friday.ready, else the healthcheck, else the port opens, else it runs. `command` is what the service runs. In a
 * container only x-friday.port is a port that can be asked.
 */
export function readinessOf(draft: Draft, command: readonly string[], isContainer: boolean): Readiness {
  const { ready, port, url } = draft.friday;
  if (ready !== undefined) return { type: 'http', path: ready, ...HTTP };
  const check = healthcheckOf(draft);
  if (check !== null) return check;
  const takesPort = command.some((word) => /\$\{?PORT\b/.test(word));
  if (port !== undefined || (!isContainer && (url !== undefined || takesPort))) return { type: 'port', ...OPEN };
  return { type: 'running' };
}

/** As in Docker, 0 stands for the default. */
function healthcheckOf(draft: Draft): Readiness | null {
  const { healthcheck } = draft.compose;
  if (healthcheck === undefined || healthcheck.disable === true) return null;
  const command = testCommand(healthcheck.test);
  if (command === null) return null;
  return {
    type: 'command',
    command,
    intervalMs: healthcheck.interval || 5000,
    timeoutMs: healthcheck.timeout || 30_000,
    retries: healthcheck.retries || 3,
    startPeriodMs: healthcheck.start_period ?? 0,
  };
}

/** A line and CMD-SHELL run in a shell, CMD runs as it is, NONE is no check. The form was checked before. */
function testCommand(test: string | readonly string[] | undefined): string[] | null {
  if (test === undefined || test.length === 0) return null;
  if (typeof test === 'string') return ['/bin/sh', '-c', test];
  const [kind, ...words] = test;
  if (kind === 'NONE') return null;
  return kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words;
}
