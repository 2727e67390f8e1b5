// Our own policy: the judge and the ramp as the product runs them, on simulated cells.
import { absorb, type JudgeParams, type JudgeState, startJudge, verdictOf } from '../../src/core/judge/judge.ts';
import { DEFAULT_RAMP, nextMove, type RampRule, smoothRate } from '../../src/core/ramp.ts';
import type { ArmCount, Cell } from '../../src/core/traffic.ts';
import type { Policy, Run, Word } from './policy.ts';
import { type Arm, ROUTES, type Second } from './traffic.ts';

/** What goes on after a certificate: nothing, or the same judge for so long with so much of the traffic on the candidate. */
export type Watch = { readonly seconds: number; readonly weight: number };

/** With everything that can be judged. */
export const PARAMS: JudgeParams = {
  service: 'web',
  stable: 1,
  candidate: 2,
  isSticky: false,
  minRequests: 0,
  passRule: 'certified',
  clientErrors: true,
  routes: ROUTES,
};
/** Errors and latency alone. */
export const WITHOUT_ROUTES: JudgeParams = { ...PARAMS, clientErrors: false, routes: [] };

export function ours(name: string, rule: RampRule = DEFAULT_RAMP, watch: Watch | null = null): Policy {
  return { name, start: (rps) => new Ramp(rule, watch, rps) };
}

/** The judge at a weight that never changes. */
export function fixedWeight(name: string, weight: number, params: JudgeParams = PARAMS): Policy {
  const rule = {
    ...DEFAULT_RAMP,
    maxWeight: weight,
    minBakeMs: Number.POSITIVE_INFINITY,
    maxBakeMs: Number.POSITIVE_INFINITY,
  };
  return { name, start: () => new Ramp(rule, null, Number.POSITIVE_INFINITY, weight, params) };
}

class Ramp implements Run {
  weight = 0;
  private epoch = 0;
  private risenAt = 0;
  private state: JudgeState;
  private promotedAt = 0;
  private rate: number | null;
  private isPromoted = false;
  private readonly rule: RampRule;
  private readonly watch: Watch | null;
  private readonly firstWeight: number | null;

  constructor(
    rule: RampRule,
    watch: Watch | null,
    rps: number,
    firstWeight: number | null = null,
    params: JudgeParams = PARAMS,
  ) {
    this.state = startJudge(params);
    this.rule = rule;
    this.watch = watch;
    this.rate = Number.isFinite(rps) ? rps : null;
    this.firstWeight = firstWeight;
  }

  take(second: Second): Word {
    const requests = second.stable.requests + second.candidate.requests;
    this.rate = smoothRate(this.rate, requests, 1);
    if (requests > 0) this.state = absorb(this.state, [cellOf(second, this.epoch, this.weight)]);
    const now = second.tick + 1;
    if (now < 0) return 'go on';
    const verdict = verdictOf(this.state, { epoch: this.epoch, weight: this.weight });
    if (this.isPromoted) return verdict.kind === 'fail' ? 'roll back' : this.whileWatching(now);
    if (now === 0 && this.firstWeight !== null) return this.turn(this.firstWeight, now);
    const move = nextMove(
      {
        weight: this.weight,
        atWeightMs: 1000 * (now - this.risenAt),
        bakedMs: 1000 * now,
        rate: this.rate,
        verdict: this.weight === 0 ? null : verdict,
      },
      this.rule,
    );
    if (move.type === 'rise') return this.turn(move.weight, now);
    if (move.type === 'rollback') return 'roll back';
    if (move.type === 'promote') return this.promote(now);
    return move.until === 'person' && this.watch === null ? 'hold' : 'go on';
  }

  private turn(weight: number, now: number): Word {
    this.weight = weight;
    this.epoch += 1;
    this.risenAt = now;
    return 'go on';
  }

  private promote(now: number): Word {
    if (this.watch === null) return 'promote';
    this.isPromoted = true;
    this.promotedAt = now;
    return this.turn(this.watch.weight, now);
  }

  private whileWatching(now: number): Word {
    return this.watch !== null && now >= this.promotedAt + this.watch.seconds ? 'promote' : 'go on';
  }
}

/** A second as the balancer would count it. */
export function cellOf(second: Second, epoch: number, weight: number): Cell {
  return {
    seq: second.tick,
    service: 'web',
    tick: second.tick,
    epoch,
    weight,
    stable: armOf(1, second.stable),
    candidate: weight === 0 ? null : armOf(2, second.candidate),
    outside: { requests: 0, failures: 0 },
    seen: { answers: 0, failures: 0, refused: 0 },
    samples: [],
  };
}

function armOf(version: number, { requests, failures, ...rest }: Arm): ArmCount {
  const classes = { status: failures, timeout: 0, connection: 0, deadline: 0 };
  return { version, requests, failures: classes, firstFailures: 0, ...rest };
}
