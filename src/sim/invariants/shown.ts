// I8: what is shown is what the balancer measured, and time counts only from what it confirmed.
import type { Evidence } from '../../core/evidence.ts';
import { DEFAULT_RAMP } from '../../core/ramp.ts';
import type { Release } from '../../core/release.ts';
import type { ServiceState } from '../../core/service.ts';
import {
  type Cell,
  type Cursor,
  failuresOf,
  type Observations,
  type ServiceTraffic,
  type Table,
} from '../../core/traffic.ts';
import type { Change } from '../../ports/store.ts';
import { isListedReady, type Scene } from '../scene.ts';
import type { Watcher } from '../watch.ts';

type Counted = { requests: number; failures: number };

/** Cells of one life of the balancer that the control plane was given, and how many of them it has stored as read. */
type Delivered = { readonly cells: Cell[]; taken: number };

function splitOf({ stable, candidate, weight, salt }: ServiceTraffic): string {
  return `v${stable?.version} and v${candidate?.version} at ${weight}% by ${salt}`;
}

export class ShownWatch implements Watcher {
  readonly #scene: Scene;
  /** When the balancer first routed an epoch, in monotonic ms, as `service/epoch`. */
  readonly #routedAt = new Map<string, number>();
  readonly #delivered = new Map<string, Delivered>();
  /** Requests of each pair of versions in the cells that are stored as read, as `service/candidate/stable`. */
  readonly #counted = new Map<string, Counted>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  routing(table: Table): void {
    for (const { service, epoch } of table.services) {
      const key = `${service}/${epoch}`;
      if (!this.#routedAt.has(key)) this.#routedAt.set(key, this.#scene.world.time.monotonicMs);
    }
  }

  /** Counts carry the epoch; another weight or pair under the same epoch would be counted as what was before. */
  applying(table: Table, before: Table): void {
    for (const now of table.services) {
      const old = before.services.find((one) => one.service === now.service);
      if (!old || now.epoch > old.epoch) continue;
      if (now.epoch === old.epoch && splitOf(now) === splitOf(old)) continue;
      this.#violate(`epoch ${now.epoch} of ${now.service} stands for ${splitOf(old)} and for ${splitOf(now)}`);
    }
  }

  /** Read again is what was read after that cursor without being remembered, as far as the balancer still has it. */
  observed({ cursor, cells }: Observations, after: Cursor | null): void {
    const life = this.#delivered.get(cursor.boot) ?? { cells: [], taken: 0 };
    const from = after?.boot === cursor.boot ? after.seq : 0;
    while (life.cells.length > life.taken && (life.cells.at(-1)?.seq ?? 0) > from) life.cells.pop();
    const newest = life.cells.at(-1)?.seq ?? 0;
    life.cells.push(...cells.filter((cell) => cell.seq > newest));
    this.#delivered.set(cursor.boot, life);
  }

  committed({ put }: Change): void {
    const main = put?.find((one) => one.kind === 'control')?.value as { readonly cursor: Cursor | null } | undefined;
    if (main) this.#takeUpTo(main.cursor);
    for (const { kind, id, value } of put ?? []) {
      if (kind === 'service') this.#checkBake(this.#scene.stored.services.get(id), value as ServiceState);
      if (kind !== 'release') continue;
      const { release, evidence } = value as { readonly release: Release; readonly evidence: Evidence | null };
      if (evidence?.judge) this.#checkEvidence(release, evidence);
    }
  }

  /** A weight that rises by itself has held as long as the plan says, from when the balancer routed it. */
  #checkBake(before: ServiceState | undefined, after: ServiceState): void {
    const { ledger, world } = this.#scene;
    const [old, now] = [before?.release, after.release ?? after.last];
    if (!before || !old || old.id !== now?.id || old.weight === 0 || now.weight <= old.weight) return;
    const since = this.#routedAt.get(`${after.name}/${before.routing.epoch}`);
    const isRouted = since !== undefined && before.routing.weight === old.weight;
    const heldMs = isRouted ? world.time.monotonicMs - since : 0;
    const dwellMs = old.ramp && now.weight < 100 ? DEFAULT_RAMP.dwellMs : 0;
    const asked = old.steps[old.step]?.bakeMs ?? dwellMs;
    if (heldMs >= asked || ledger.has(after.name, world.time.second, 'promote')) return;
    if (!isListedReady(this.#scene, after.name, old.from)) return;
    this.#violate(`v${old.version} of ${after.name} held ${old.weight}% for ${heldMs} ms, asked are ${asked}`);
  }

  #takeUpTo(cursor: Cursor | null): void {
    const life = cursor && this.#delivered.get(cursor.boot);
    if (!cursor || !life) return;
    for (let next = life.cells[life.taken]; next && next.seq <= cursor.seq; next = life.cells[life.taken]) {
      this.#take(next);
      life.taken += 1;
    }
  }

  #take({ service, candidate, stable }: Cell): void {
    if (candidate === null) return;
    const key = `${service}/${candidate.version}/${stable?.version ?? ''}`;
    const sum = this.#counted.get(key) ?? { requests: 0, failures: 0 };
    sum.requests += candidate.requests;
    sum.failures += failuresOf(candidate);
    this.#counted.set(key, sum);
  }

  #checkEvidence({ service, version, from }: Release, { candidate }: Evidence): void {
    const sums = [from, ''].map((stable) => this.#counted.get(`${service}/${version}/${stable}`));
    const requests = sums.reduce((total, one) => total + (one?.requests ?? 0), 0);
    const failures = sums.reduce((total, one) => total + (one?.failures ?? 0), 0);
    if (candidate.requests === requests && candidate.failures === failures) return;
    const shown = `${candidate.failures} of ${candidate.requests}`;
    this.#violate(`v${version} of ${service} shows ${shown} failed, measured are ${failures} of ${requests}`);
  }

  #violate(sentence: string): void {
    this.#scene.violate('I8', sentence);
  }
}
