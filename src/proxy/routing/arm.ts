// One version of a service with the instances that may get requests now.
import type { Arm as ArmName } from '../../core/traffic.ts';
import { draw } from '../chance.ts';
import type { Target } from '../upstream/target.ts';

export class Arm {
  readonly name: ArmName;
  readonly version: number;
  /** As in the header `x-friday-version`. */
  readonly label: string;
  readonly targets: readonly Target[];

  constructor(name: ArmName, version: number, targets: readonly Target[]) {
    this.name = name;
    this.version = version;
    this.label = `v${version}`;
    this.targets = targets;
  }

  /** The target with the fewest open requests but `failed`, ties by chance; those that refused lately come last. Null = none. */
  pick(now: number, failed: Target | null): Target | null {
    const [only] = this.targets;
    if (this.targets.length === 1 && only !== undefined) return only === failed ? null : only;
    return this.least(now, failed) ?? this.least(Number.POSITIVE_INFINITY, failed);
  }

  private least(now: number, failed: Target | null): Target | null {
    let best: Target | null = null;
    let ties = 0;
    for (const target of this.targets) {
      if (target === failed || target.shunnedUntil > now) continue;
      if (best === null || target.open < best.open) {
        best = target;
        ties = 1;
      } else if (target.open === best.open) {
        ties += 1;
        if (draw() * ties < 1) best = target;
      }
    }
    return best;
  }
}
