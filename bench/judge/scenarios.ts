// Good and bad candidates under steady, drifting and bursty traffic.
import { ROUTES, type Scenario } from './traffic.ts';

const always = (rate: number) => () => rate;

/** Errors between a third and three times the usual within 20 minutes, load by half, latency by 40 %, five incidents an hour. */
const DRIFT = {
  rate: (t: number) => (isIncident(t) ? 0.3 : 0.01 * 3 ** Math.sin((2 * Math.PI * t) / 1200)),
  load: (t: number) => 1 + 0.5 * Math.sin((2 * Math.PI * t) / 900),
  latency: (t: number) => (isIncident(t) ? 2 : 1) * (1 + 0.4 * Math.sin((2 * Math.PI * t) / 700)),
};

function isIncident(t: number): boolean {
  return t > 0 && t % 720 >= 100 && t % 720 < 120;
}

/** Ten times the load for 3 seconds of each 20, when requests also take twice as long and fail more often. */
const isBurst = (t: number) => ((t % 20) + 20) % 20 < 3;
const BURSTS = {
  rate: (t: number) => (isBurst(t) ? 0.03 : 0.001),
  load: (t: number) => (isBurst(t) ? 4.3 : 0.42),
  latency: (t: number) => (isBurst(t) ? 2 : 1),
};

export const GOOD: readonly Scenario[] = [
  { name: 'good, 0.1%', isGood: true, rate: always(0.001) },
  { name: 'good, 1%', isGood: true, rate: always(0.01) },
  { name: 'good, 1% drifting', isGood: true, ...DRIFT },
  { name: 'good, bursts', isGood: true, ...BURSTS },
];

export const BAD: readonly Scenario[] = [
  { name: '0.1% → 0.5%', isGood: false, rate: always(0.001), candidateRate: always(0.005) },
  { name: '0.1% → 1.1%', isGood: false, rate: always(0.001), candidateRate: always(0.011) },
  { name: '1% → 2%', isGood: false, rate: always(0.01), candidateRate: always(0.02) },
  { name: '1% drifting, +5 points', isGood: false, ...DRIFT, candidateRate: (t) => DRIFT.rate(t) + 0.05 },
  { name: '0.1% → 20%', isGood: false, rate: always(0.001), candidateRate: always(0.2) },
  { name: '0.1% → 100%', isGood: false, rate: always(0.001), candidateRate: always(1) },
  { name: 'latency +30%', isGood: false, rate: always(0.001), slower: { times: 1.3, share: 1 } },
  { name: 'latency × 2', isGood: false, rate: always(0.001), slower: { times: 2, share: 1 } },
  { name: '3% of requests × 10 slower', isGood: false, rate: always(0.001), slower: { times: 10, share: 0.03 } },
  {
    name: 'above 20% weight: +10 points',
    isGood: false,
    rate: always(0.001),
    candidateRate: (_, weight) => (weight > 20 ? 0.101 : 0.001),
  },
  {
    name: 'from 90 s on: +5 points',
    isGood: false,
    rate: always(0.001),
    candidateRate: (t) => (t >= 90 ? 0.051 : 0.001),
  },
];

/** Errors double: on every route, or all of the new ones on one of twenty. */
export const DOUBLING: readonly Scenario[] = [
  { name: '0.1% → 0.2%, on every route', isGood: false, rate: always(0.001), candidateRate: always(0.002) },
  {
    name: '0.1% → 0.2%, all on one of 20 routes',
    isGood: false,
    rate: always(0.001),
    candidateRate: (_, __, route) => (route === ROUTES[0] ? 0.001 + 0.001 * ROUTES.length : 0.001),
  },
];
