// Counts of one second of one service in the simulated balancer, until they are given out as a cell.
import type { Arm, Cell, FailedRequest, FailureCounts, ServiceTraffic } from '../core/traffic.ts';
import { ArmTally, CellRoutes } from './arm-tally.ts';
import { FirstTally, type ReleaseClients } from './clients.ts';

const SAMPLES = 20;

export class OpenCell {
  readonly traffic: ServiceTraffic;
  readonly tick: number;
  /** In which simulated second it may be given out at the earliest. */
  closesS: number;
  readonly stable: ArmTally | null;
  readonly candidate: ArmTally | null;
  readonly outside = { requests: 0, failures: 0 };
  readonly seen = { answers: 0, failures: 0, refused: 0 };
  readonly #samples: FailedRequest[] = [];

  /** `clients`: those of the release, where they are told apart. */
  constructor(traffic: ServiceTraffic, tick: number, second: number, clients: ReleaseClients | null) {
    this.traffic = traffic;
    this.tick = tick;
    this.closesS = second;
    const routes = new CellRoutes();
    const tallyOf = (arm: Arm) => {
      const version = traffic[arm]?.version;
      if (version === undefined) return null;
      const firsts = clients && new FirstTally(clients, traffic.slow?.[arm] ?? null);
      return new ArmTally(version, `${traffic.service}/${tick}/${traffic.epoch}/${version}`, routes, firsts);
    };
    this.stable = tallyOf('stable');
    this.candidate = tallyOf('candidate');
  }

  sample(arm: 'stable' | 'candidate', failure: keyof FailureCounts, instance: string, ms: number): void {
    const version = this[arm]?.version;
    if (version === undefined || this.#samples.length >= SAMPLES) return;
    const status = failure === 'status' ? 500 : 502;
    const at = this.tick * 1000;
    const traceId = `${this.tick}-${this.#samples.length}`;
    this.#samples.push({ at, version, arm, method: 'GET', path: '/', status, failure, ms, instance, traceId });
  }

  close(seq: number): Cell {
    const { service, epoch } = this.traffic;
    const weight = this.traffic.candidate === null ? 0 : this.traffic.weight;
    return {
      seq,
      service,
      tick: this.tick,
      epoch,
      weight,
      stable: this.stable?.toCount() ?? null,
      candidate: this.candidate?.toCount() ?? null,
      outside: { ...this.outside },
      seen: { ...this.seen },
      samples: this.#samples,
    };
  }
}
