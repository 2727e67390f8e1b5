// The simulated world around a control plane: time, instances, balancer, disk and users, second by second.
import { SimBalancer } from './balancer.ts';
import { type Random, randomOf } from './random.ts';
import { SimRuntime } from './runtime.ts';
import { type SimDisk, simDisk } from './store.ts';
import { SimTime } from './time.ts';
import { Users } from './traffic.ts';
import { Watchers } from './watch.ts';

/** When the control plane takes its turn in a second. */
const TURN_MS = 60;

export class World {
  readonly seed: string;
  readonly random: Random;
  readonly time = new SimTime();
  readonly watch = new Watchers();
  readonly disk: SimDisk = simDisk();
  readonly runtime: SimRuntime;
  readonly balancer: SimBalancer;
  readonly users: Users;

  constructor(seed: string) {
    this.seed = seed;
    this.random = randomOf(seed);
    this.runtime = new SimRuntime(this.time, this.random.fork('runtime'), this.watch);
    this.balancer = new SimBalancer(this.time, this.watch);
    this.users = new Users(this.time, this.random.fork('users'), this.runtime, this.balancer, this.watch);
  }

  /** A second begins; what follows happens when the control plane takes its turn. */
  begin(): void {
    this.time.second += 1;
    this.time.ms = 0;
    this.runtime.age();
    this.balancer.age();
    this.users.age();
    this.users.flow(TURN_MS / 1000);
    this.time.ms = TURN_MS;
  }

  /** The rest of the second goes by. */
  end(): void {
    this.users.flow(1 - TURN_MS / 1000);
    this.time.ms = 999;
    if (this.balancer.isUp) this.balancer.closeCells();
    this.watch.second();
  }

  /** Whole seconds go by in the middle of something. */
  pass(seconds: number): void {
    for (let i = 0; i < seconds; i += 1) {
      this.end();
      this.begin();
    }
  }
}
