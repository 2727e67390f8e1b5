// The data plane as one object: a table in, counts out. Knows routes and instances, never releases.

import { Failure } from '../core/failure.ts';
import type { BalancerSeen, Cursor, Listen, Table } from '../core/traffic.ts';
import { steadyClock } from './clock.ts';
import { Edge } from './edge/edge.ts';
import { Listener } from './edge/listener.ts';
import { LIMITS, type ProxyLimits } from './limits.ts';
import { Observer } from './observe/observer.ts';
import { Router, type TargetSeen } from './routing/router.ts';

export type ProxySeen = BalancerSeen & {
  readonly boot: string;
  readonly pid: number;
  /** Open client connections and requests under way. */
  readonly connections: number;
  readonly exchanges: number;
  readonly targets: Readonly<Record<string, TargetSeen>>;
};

export type ApplyOptions = {
  /** Runs when all addresses are taken and before anything changes. */
  readonly save?: (table: Table, listening: readonly Listen[]) => Promise<void>;
  /** Ports to try first where the table says 0, in the order of its `listen`: those of the life before. */
  readonly ports?: readonly number[];
};

export type DataPlane = {
  /**
   * Swaps the table, whole; resolves when the next request follows it. Calls take turns. Failures: `conflict` (older
   * revision, or a port is taken), or that of `save`; the old table then goes on.
   */
  apply(table: Table, how?: ApplyOptions): Promise<void>;
  seen(): ProxySeen;
  /** `Observations` as JSON. */
  observe(cursor: Cursor | null): string;
  /** Takes no new connection, lets open requests end within `graceMs`, breaks off the rest. Idempotent. */
  stop(graceMs: number): Promise<void>;
};

export function createProxy(limits: Partial<ProxyLimits> = {}): DataPlane {
  return new RunningProxy({ ...LIMITS, ...limits });
}

const STOP_LOOK_MS = 20;
const LOOPBACK = '127.0.0.1';

class RunningProxy implements DataPlane {
  private readonly now = steadyClock();
  private readonly observer: Observer;
  private readonly router: Router;
  private readonly edge: Edge;
  private listeners = new Map<string, Listener>();
  private table: Table = { revision: 0, listen: [], services: [] };
  private turn: Promise<void> = Promise.resolve();
  private stopping: Promise<void> | null = null;

  constructor(limits: ProxyLimits) {
    this.observer = new Observer(this.now, limits);
    this.router = new Router(this.observer, limits);
    this.edge = new Edge(this.now, limits, this.router);
    this.observer.start();
  }

  apply(table: Table, how: ApplyOptions = {}): Promise<void> {
    const result = this.turn.then(() => this.change(table, how));
    this.turn = result.catch(() => undefined);
    return result;
  }

  seen(): ProxySeen {
    const { targets } = this.router;
    return {
      revision: this.table.revision,
      services: this.router.seen,
      open: Object.fromEntries(Object.entries(targets).map(([id, { open }]) => [id, open])),
      listening: listeningOf(this.table, this.listeners),
      boot: this.observer.boot,
      pid: process.pid,
      connections: this.edge.connections,
      exchanges: this.edge.open.size,
      targets,
    };
  }

  observe(cursor: Cursor | null): string {
    return this.observer.read(cursor);
  }

  stop(graceMs: number): Promise<void> {
    this.stopping ??= this.end(graceMs);
    return this.stopping;
  }

  private async change(table: Table, { save, ports = [] }: ApplyOptions): Promise<void> {
    if (this.stopping) throw new Failure('unavailable', 'The proxy is stopping and takes no table.');
    const { revision } = this.table;
    if (table.revision < revision) {
      throw new Failure('conflict', `Table ${table.revision} is older than table ${revision}, which routes now.`);
    }
    const { listeners, undo } = await this.listen(table, ports);
    try {
      await save?.(table, listeningOf(table, listeners));
    } catch (error) {
      await undo();
      throw error;
    }
    const before = this.listeners;
    this.listeners = listeners;
    this.table = table;
    for (const { key, service } of addressesOf(table)) {
      const listener = listeners.get(key);
      if (listener) listener.service = service;
    }
    this.router.change(table, this.now());
    for (const [key, listener] of before) if (!listeners.has(key)) listener.close();
  }

  /** Listeners of the new table: those that are open already, and new ones. All or none; `undo` goes back to the old. */
  private async listen(table: Table, ports: readonly number[]): Promise<Listening> {
    const listeners = new Map<string, Listener>();
    const opened: Listener[] = [];
    const closed = new Set<Address>();
    const undo = async () => {
      for (const one of opened) one.close();
      for (const one of closed) this.listeners.set(one.key, await this.open(one, 0));
    };
    const addresses = addressesOf(table);
    const leaving = addressesOf(this.table).filter(({ key }) => addresses.every((one) => one.key !== key));
    try {
      for (const [place, one] of addresses.entries()) {
        const known = this.listeners.get(one.key);
        if (!known) for (const other of this.makeRoom(one.address, leaving)) closed.add(other);
        const listener = known ?? (await this.open(one, ports[place] ?? 0));
        if (!known) opened.push(listener);
        listeners.set(one.key, listener);
      }
    } catch (error) {
      await undo();
      throw error;
    }
    return { listeners, undo };
  }

  /** A port moves from one address to another, as from 127.0.0.1 to 0.0.0.0, only when the old one lets it go first. */
  private makeRoom({ port }: Listen, leaving: readonly Address[]): Address[] {
    const inTheWay = leaving.filter(({ address }) => address.port === port && port !== 0);
    for (const { key } of inTheWay) this.listeners.get(key)?.close();
    return inTheWay;
  }

  private async open({ address, service }: Address, wish: number): Promise<Listener> {
    if (address.port === 0 && wish > 0) {
      const wished = new Listener(this.edge, service);
      const isOpen = await wished.open({ ...address, port: wish }).then(
        () => true,
        () => false,
      );
      if (isOpen) return wished;
    }
    const listener = new Listener(this.edge, service);
    await listener.open(address).catch((error) => refuseAddress(address, service, error));
    return listener;
  }

  private async end(graceMs: number): Promise<void> {
    await this.turn;
    this.edge.isStopping = true;
    for (const listener of this.listeners.values()) listener.close();
    const until = this.now() + graceMs;
    while (this.edge.open.size > 0 && this.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, STOP_LOOK_MS));
    }
    this.edge.open.breakOff();
    this.router.change({ revision: 0, listen: [], services: [] }, this.now());
    for (const listener of this.listeners.values()) listener.destroy();
    this.observer.stop();
  }
}

type Listening = { readonly listeners: Map<string, Listener>; readonly undo: () => Promise<void> };

type Address = { readonly key: string; readonly address: Listen; readonly service: string | null };

/** Names of the public addresses, the same from table to table; equal ones with port 0 are told apart by their order. */
function publicKeys(table: Table): string[] {
  const uses = new Map<string, number>();
  return table.listen.map(({ host, port }) => {
    const name = `${host} ${port}`;
    const use = uses.get(name) ?? 0;
    uses.set(name, use + 1);
    return keyOf({ host, port }, use);
  });
}

/** The public addresses with the ports that were given. */
function listeningOf(table: Table, listeners: ReadonlyMap<string, Listener>): Listen[] {
  const keys = publicKeys(table);
  return table.listen.map(({ host, port }, place) => ({ host, port: listeners.get(keys[place] ?? '')?.port ?? port }));
}

function keyOf({ host, port }: Listen, use: number): string {
  return `${host} ${port} ${use}`;
}

function addressesOf(table: Table): Address[] {
  const keys = publicKeys(table);
  const open = table.listen.map((address, place) => ({ key: keys[place] ?? '', address, service: null }));
  const internal = [LOOPBACK, ...(table.internalHosts ?? [])].flatMap((host) =>
    table.services.map(({ service, internalPort: port }) => {
      const address = { host, port };
      return { key: keyOf(address, 0), address, service };
    }),
  );
  return [...open, ...internal];
}

function refuseAddress({ host, port }: Listen, service: string | null, error: NodeJS.ErrnoException): never {
  const use = service === null ? 'listen for requests' : `listen for requests to ${service}`;
  const where = `Port ${port} of ${host}`;
  if (error.code === 'EADDRINUSE') {
    throw new Failure('conflict', `${where} is taken by another process; the proxy was to ${use} there.`, {
      hint: `See who has it with "ss -ltnp sport = :${port}", or choose another port.`,
    });
  }
  if (error.code === 'EACCES') {
    throw new Failure('conflict', `${where} is not allowed to this user; the proxy was to ${use} there.`, {
      hint: 'Choose a port above 1023, or allow the lower ones to this user.',
    });
  }
  throw new Failure('conflict', `The proxy cannot ${use} on port ${port} of ${host}: ${error.message}.`);
}
