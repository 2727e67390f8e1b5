// A service whose requests are counted by itself, on a clock that the test turns.
import type { Observations } from '../../core/traffic.ts';
import { LIMITS } from '../limits.ts';
import type { Regime } from './cell.ts';
import { Observer } from './observer.ts';
import { ReleaseClients } from './release-clients.ts';
import type { RequestFacts } from './request-count.ts';

export const START = 1_000_000_000;

export const facts = (over: Partial<RequestFacts> = {}): RequestFacts => ({
  method: 'GET',
  url: '/path?query',
  instance: 'web-v1-1',
  traceId: 'f'.repeat(32),
  clientId: null,
  wasUploading: () => false,
  ...over,
});

export const regime = (over: Partial<Regime> = {}): Regime => ({
  service: 'web',
  epoch: 1,
  weight: 50,
  salt: 'salt',
  isSticky: false,
  stable: 1,
  candidate: 2,
  deadlineMs: 2000,
  timeoutMs: 10_000,
  clients: new ReleaseClients(100),
  slow: null,
  ...over,
});

export const world = (over: Partial<Regime> = {}, limits = {}) => {
  let now = START;
  const observer = new Observer(() => now, { ...LIMITS, ...limits });
  const service = observer.join(regime(over));
  return {
    observer,
    service,
    at: (ms: number) => {
      now = START + ms;
      return now;
    },
    start: (ms: number, arm: 'stable' | 'candidate' = 'stable', over: Partial<RequestFacts> = {}) => {
      now = START + ms;
      return service.start(arm, false, now, facts(over));
    },
    read: (seq = 0): Observations => JSON.parse(observer.read({ boot: observer.boot, seq })) as Observations,
  };
};
