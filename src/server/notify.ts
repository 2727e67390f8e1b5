// What systemd is told with Type=notify. Node has no unix datagram sockets, so systemd's own `systemd-notify` carries the message.
import { execFile } from 'node:child_process';
import type { Log } from './refusal.ts';

export type Notify = {
  ready(status: string): Promise<void>;
  stopping(): Promise<void>;
};

type Environment = Record<string, string | undefined>;

/**
 * Speaks to the service manager named by NOTIFY_SOCKET; does nothing without one. Takes the variables out of
 * `environment`, so that no instance inherits them. After `ready` the watchdog is fed at half its time, for as long as
 * the event loop turns. Needs NotifyAccess=all in the unit. Source: sd_notify(3), sd_watchdog_enabled(3).
 */
export function notifySystemd(environment: Environment, pid: number, log: Log): Notify {
  const socket = environment.NOTIFY_SOCKET;
  const watchdogUs = watchdogOf(environment, pid);
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete environment[name];
  if (!socket) return { ready: async () => {}, stopping: async () => {} };
  const tell = (...words: string[]) => send(socket, environment, [`--pid=${pid}`, ...words], log);
  let timer: NodeJS.Timeout | undefined;
  return {
    ready: async (status) => {
      await tell('--ready', `--status=${status}`);
      if (watchdogUs !== null) timer = setInterval(() => void tell('WATCHDOG=1'), watchdogUs / 2000);
    },
    stopping: async () => {
      clearInterval(timer);
      await tell('STOPPING=1');
    },
  };
}

function watchdogOf(environment: Environment, pid: number): number | null {
  const us = Number(environment.WATCHDOG_USEC);
  const isOurs = environment.WATCHDOG_PID === undefined || environment.WATCHDOG_PID === String(pid);
  return isOurs && Number.isFinite(us) && us > 0 ? us : null;
}

/** A message that cannot be sent is logged; the control plane works without. */
function send(socket: string, environment: Environment, words: readonly string[], log: Log): Promise<void> {
  return new Promise((resolve) => {
    const options = { env: { ...environment, NOTIFY_SOCKET: socket }, timeout: 5000 };
    execFile('systemd-notify', [...words], options, (error) => {
      if (error) log({ level: 'warn', message: 'systemd was not told', words: words.join(' '), error: error.message });
      resolve();
    });
  });
}
