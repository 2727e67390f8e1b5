// Requests that arrive at random moments, so many a second to each service, whether earlier ones are answered or not.
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What clients saw of one version; times in ms of this process. */
export type Seen = { requests: number; failed: number; firstAt: number; lastAt: number };

export type Load = {
  /** By service and version; version 0 for what nobody answered. */
  of(service: string, version: number): Readonly<Seen>;
  /** Requests to a service that failed on another version than this. */
  failedElsewhere(service: string, version: number): number;
  stop(): Promise<void>;
};

export function startLoad(port: number, services: readonly string[], perSecond: number): Load {
  const seen = new Map<string, Map<number, Seen>>(services.map((name) => [name, new Map()]));
  const agent = new Agent({ keepAlive: true });
  const stopping = new AbortController();
  const open = new Set<Promise<void>>();
  const arriving = services.map(async (service) => {
    for (
      let due = performance.now();
      !stopping.signal.aborted;
      due += (-1000 / perSecond) * Math.log(1 - Math.random())
    ) {
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      const asked = ask(port, service, agent, (version, hasFailed, at) => {
        const versions = seen.get(service) ?? new Map<number, Seen>();
        const one = versions.get(version) ?? { requests: 0, failed: 0, firstAt: at, lastAt: at };
        one.requests += 1;
        one.failed += hasFailed ? 1 : 0;
        one.firstAt = Math.min(one.firstAt, at);
        one.lastAt = Math.max(one.lastAt, at);
        versions.set(version, one);
      });
      open.add(asked);
      void asked.finally(() => open.delete(asked));
    }
  });
  return {
    of: (service, version) =>
      seen.get(service)?.get(version) ?? { requests: 0, failed: 0, firstAt: Number.NaN, lastAt: Number.NaN },
    failedElsewhere: (service, version) =>
      [...(seen.get(service) ?? [])].reduce((sum, [one, { failed }]) => sum + (one === version ? 0 : failed), 0),
    stop: async () => {
      stopping.abort();
      await Promise.all(arriving);
      await Promise.all(open);
      agent.destroy();
    },
  };
}

type Tell = (version: number, hasFailed: boolean, at: number) => void;

/** One request, never tried again. Resolves in every case. */
function ask(port: number, service: string, agent: Agent, tell: Tell): Promise<void> {
  const at = performance.now();
  return new Promise((resolve) => {
    const fail = () => {
      tell(0, true, at);
      resolve();
    };
    const headers = { host: `${service}.localhost` };
    const request = httpRequest({ port, host: '127.0.0.1', path: '/add?a=1&b=2', agent, headers }, (response) => {
      response.on('error', fail);
      response.on('end', () => {
        tell(versionIn(response.headers['x-friday-version']), (response.statusCode ?? 0) >= 500, at);
        resolve();
      });
      response.resume();
    });
    request.on('error', fail);
    request.end();
  });
}

/** `v2` is 2; 0 when it is missing. */
function versionIn(header: string | string[] | undefined): number {
  return Number(String(header ?? '').replace(/^v/, '') || 0);
}
