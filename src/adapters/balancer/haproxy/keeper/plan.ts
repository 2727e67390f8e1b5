// From what HAProxy has to what a table asks for: which slot each version gets, and which servers come and go.
import type { ServiceTraffic, Side, Table, Target } from '../../../../core/traffic.ts';
import { type Place, type Server, SLOTS, type Slot } from './config.ts';

export type Before = {
  readonly services: readonly ServiceTraffic[];
  readonly places: Readonly<Record<string, Place>>;
  readonly servers: readonly Server[];
  /** Number of the next server and of the next routing. */
  readonly next: number;
};

export type Planned = {
  readonly places: Readonly<Record<string, Place>>;
  /** All that HAProxy has afterwards, the leaving ones too. */
  readonly servers: readonly Server[];
  /** To be added, or to be taken back while they were leaving. */
  readonly coming: readonly Server[];
  readonly leaving: readonly Server[];
  readonly next: number;
};

export function planOf(before: Before, table: Table): Planned {
  let { next } = before;
  const places: Record<string, Place> = {};
  const kept = new Set<string>();
  const servers: Server[] = [];
  const coming: Server[] = [];
  const known = new Map(before.servers.map((one) => [addressKey(one, one.service, one.slot), one]));
  for (const traffic of table.services) {
    const { service } = traffic;
    const old = before.services.find((one) => one.service === service);
    const place = before.places[service];
    const slots = slotsOf(traffic, old, place);
    const isSame = old !== undefined && place !== undefined && isSameRegime(old, traffic);
    places[service] = { ...slots, regime: isSame ? place.regime : next++ };
    for (const [side, slot] of [
      [traffic.stable, slots.stable],
      [traffic.candidate, slots.candidate],
    ] as const) {
      for (const target of side?.targets ?? []) {
        const had = known.get(addressKey(target, service, slot));
        const server = had
          ? { ...had, isLeaving: false }
          : { ...target, name: `i${next++}`, service, slot, isLeaving: false };
        servers.push(server);
        if (had) kept.add(had.name);
        if (had === undefined || had.isLeaving) coming.push(server);
      }
    }
  }
  const rest = before.servers.filter((one) => !kept.has(one.name));
  const leaving = rest.filter((one) => !one.isLeaving).map((one) => ({ ...one, isLeaving: true }));
  servers.push(...rest.map((one) => ({ ...one, isLeaving: true })));
  return { places, servers, coming, leaving, next };
}

function addressKey({ id, host, port }: Target, service: string, slot: Slot): string {
  return JSON.stringify([service, slot, id, host, port]);
}

/** A version stays where it is; a new one gets a slot that no version with traffic has. */
function slotsOf(traffic: ServiceTraffic, old: ServiceTraffic | undefined, place: Place | undefined) {
  const used: { slot: Slot; version: number }[] = [];
  if (old?.stable && place) used.push({ slot: place.stable, version: old.stable.version });
  if (old?.candidate && place) used.push({ slot: place.candidate, version: old.candidate.version });
  const taken = new Set<Slot>();
  const choose = (side: Side | null, favourite: Slot | undefined): Slot => {
    const own = used.filter((one) => one.version === side?.version && !taken.has(one.slot));
    const slot =
      own.find((one) => one.slot === favourite)?.slot ??
      own[0]?.slot ??
      SLOTS.find((one) => !taken.has(one) && used.every((other) => other.slot !== one)) ??
      'a';
    taken.add(slot);
    return slot;
  };
  const stable = choose(traffic.stable, place?.stable);
  return { stable, candidate: choose(traffic.candidate, place?.candidate) };
}

/** Whether requests may be counted together under both. */
function isSameRegime(one: ServiceTraffic, other: ServiceTraffic): boolean {
  return JSON.stringify(regimeKey(one)) === JSON.stringify(regimeKey(other));
}

function regimeKey({ epoch, weight, salt, isSticky, stable, candidate, limits, slow }: ServiceTraffic) {
  const { deadlineMs, timeoutMs } = limits;
  return [epoch, weight, salt, isSticky, stable?.version, candidate?.version, deadlineMs, timeoutMs, slow];
}
