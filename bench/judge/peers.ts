// The rules of Flagger and Argo Rollouts, re-stated from their sources, and the test that most people would write first.
import type { Policy, Run, Word } from './policy.ts';
import { addTo, fisherAbove, quantileMs, rankAbove } from './statistics.ts';
import type { Second } from './traffic.ts';

/** Requests of the canary since the last look; all of the peers get perfect metrics, without delay or gaps. */
class Window {
  requests = 0;
  failures = 0;
  latency = new Map<number, number>();

  add({ candidate }: Second): void {
    this.requests += candidate.requests;
    this.failures += candidate.failures;
    addTo(this.latency, candidate.latency);
  }

  get success(): number {
    return 1 - this.failures / this.requests;
  }
}

/**
 * Flagger: at each interval the success rate must be at least 99 % and p99 at most 500 ms, else the check fails, and without
 * data too; failures add up, 5 of them roll back at the next look; each passed check adds 10 % up to 50 %, then it promotes.
 */
export function flagger(intervalSeconds: number): Policy {
  const start = (): Run => {
    let window = new Window();
    let failed = 0;
    const run = {
      weight: 0,
      take(second: Second): Word {
        if (second.tick >= 0) window.add(second);
        if (second.tick === -1) run.weight = 10;
        if (second.tick < 0 || (second.tick + 1) % intervalSeconds !== 0) return 'go on';
        if (failed >= 5) return 'roll back';
        const hasPassed = window.requests > 0 && window.success >= 0.99 && quantileMs(window.latency, 0.99) <= 500;
        window = new Window();
        if (!hasPassed) failed += 1;
        else if (run.weight >= 50) return 'promote';
        else run.weight += 10;
        return 'go on';
      },
    };
    return run;
  };
  return { name: `Flagger, ${intervalSeconds} s`, start };
}

const ARGO_WEIGHTS = [20, 40, 60, 80];
const ARGO_STEP_SECONDS = 600;

/**
 * Argo Rollouts with the analysis of its documentation, measured every 60 s: success at least 95 %; more than 3 failed
 * measurements abort, as do more than 4 in a row without data; 20, 40, 60, 80 % for 10 minutes each.
 */
export const ARGO: Policy = {
  name: 'Argo Rollouts',
  start: (): Run => {
    let window = new Window();
    let [failed, withoutData] = [0, 0];
    const run = {
      weight: 0,
      take(second: Second): Word {
        if (second.tick < -1) return 'go on';
        const now = second.tick + 1;
        const word = now > 0 ? measure(second, now) : 'go on';
        if (word === 'go on' && now >= ARGO_STEP_SECONDS * ARGO_WEIGHTS.length) return 'promote';
        run.weight = ARGO_WEIGHTS[Math.floor(now / ARGO_STEP_SECONDS)] ?? run.weight;
        return word;
      },
    };
    const measure = (second: Second, now: number): Word => {
      window.add(second);
      if (now % 60 !== 0) return 'go on';
      withoutData = window.requests === 0 ? withoutData + 1 : 0;
      if (window.requests > 0 && window.success < 0.95) failed += 1;
      window = new Window();
      return failed > 3 || withoutData > 4 ? 'roll back' : 'go on';
    };
    return run;
  },
};

/** Fisher's and Mann and Whitney's tests on all requests so far, at 5 % each, looked at every 10 s; 10 % more weight each minute. */
export const NAIVE: Policy = {
  name: 'repeated test, 5%',
  start: (): Run => {
    const sum = { n0: 0, x0: 0, n1: 0, x1: 0 };
    const [stable, candidate] = [new Map<number, number>(), new Map<number, number>()];
    const run = {
      weight: 0,
      take(second: Second): Word {
        const now = second.tick + 1;
        if (now < 0) return 'go on';
        if (now > 0) {
          sum.n0 += second.stable.requests;
          sum.x0 += second.stable.failures;
          sum.n1 += second.candidate.requests;
          sum.x1 += second.candidate.failures;
          addTo(stable, second.stable.latency);
          addTo(candidate, second.candidate.latency);
        }
        if (now % 60 === 0) run.weight = Math.min(50, 10 + now / 6);
        if (now === 0 || now % 10 !== 0) return 'go on';
        const { n0, x0, n1, x1 } = sum;
        if (x1 > 0 && fisherAbove(n0, x0, n1, x1) < 0.05) return 'roll back';
        if (rankAbove(stable, candidate) < 0.05) return 'roll back';
        return now >= 300 ? 'promote' : 'go on';
      },
    };
    return run;
  },
};
