// The data plane as one object: a table in, counts out. Knows routes and instances, never releases.

import { Failure } from '../core/failure.ts';
import type { BalancerSeen, Cursor, Listen, Table } from '../core/traffic.ts';
import { type Address, type Addresses, addressesOf, listeningOf, refuseAddress } from './addresses.ts';
import { steadyClock } from './clock.ts';
import { doorOf } from './edge/door.ts';
import { Edge } from './edge/edge.ts';
import { Listener } from './edge/listener.ts';
import { LIMITS, type ProxyLimits } from './limits.ts';
import { Observer } from './observe/observer.ts';
import { Router, type TargetSeen } from './routing/router.ts';
import { Contexts } from './tls/contexts.ts';
import { type Secured, TlsListener } from './tls/tls-listener.ts';
import { OWN_VERSION } from './version.ts';

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
  readonly save?: (table: Table, listening: Addresses) => Promise<void>;
  /** Ports to try first where the table says 0, in the order of its `listen` and then of `tls.listen`: those of the life before. */
  readonly ports?: readonly number[];
};

export type DataPlane = {
  /**
   * Swaps the table, whole; resolves when the next request follows it. Calls take turns. Failures: `conflict` (older
   * revision, or a port is taken), `invalid` (a certificate cannot be used), or that of `save`; the old table then goes on.
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

class RunningProxy implements DataPlane {
  private readonly now = steadyClock();
  private readonly observer: Observer;
  private readonly router: Router;
  private readonly edge: Edge;
  private listeners = new Map<string, Listener>();
  private table: Table = { revision: 0, listen: [], services: [] };
  private turn: Promise<void> = Promise.resolve();
  private stopping: Promise<void> | null = null;
  /** Null without HTTPS. */
  private secured: Secured | null = null;

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
      ...listeningOf(this.table, this.listeners),
      boot: this.observer.boot,
      version: OWN_VERSION,
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
    const contexts = table.tls ? await Contexts.open(table.tls, this.secured?.contexts ?? null) : null;
    const { listeners, undo } = await this.listen(table, ports, contexts);
    try {
      await save?.(table, listeningOf(table, listeners));
    } catch (error) {
      await undo();
      throw error;
    }
    const before = this.listeners;
    this.listeners = listeners;
    this.table = table;
    this.secure(table, contexts);
    for (const { key, service } of addressesOf(table)) {
      const listener = listeners.get(key);
      if (listener) listener.service = service;
    }
    this.router.change(table, this.now());
    for (const [key, listener] of before) if (!listeners.has(key)) listener.close();
  }

  /** Listeners of the new table: those that are open already, and new ones. All or none; `undo` goes back to the old. */
  private async listen(table: Table, ports: readonly number[], contexts: Contexts | null): Promise<Listening> {
    if (contexts !== null) this.secured ??= { contexts, hsts: null };
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

  /** Certificates and the door are those of the new table. */
  private secure(table: Table, contexts: Contexts | null): void {
    const { tls } = table;
    const [first] = listeningOf(table, this.listeners).listeningTls ?? [];
    this.edge.door = doorOf(table, first?.port ?? 0);
    const { secured } = this;
    if (contexts === null || secured === null || tls === undefined) return;
    secured.contexts = contexts;
    secured.hsts = tls.hstsSeconds === 0 ? null : `max-age=${tls.hstsSeconds}`;
    for (const listener of this.listeners.values()) if (listener instanceof TlsListener) listener.renew();
  }

  /** A port moves from one address to another, as from 127.0.0.1 to 0.0.0.0, only when the old one lets it go first. */
  private makeRoom({ port }: Listen, leaving: readonly Address[]): Address[] {
    const inTheWay = leaving.filter(({ address }) => address.port === port && port !== 0);
    for (const { key } of inTheWay) this.listeners.get(key)?.close();
    return inTheWay;
  }

  private async open(wanted: Address, wish: number): Promise<Listener> {
    const { address, service } = wanted;
    if (address.port === 0 && wish > 0) {
      const wished = this.newListener(wanted);
      const isOpen = await wished.open({ ...address, port: wish }).then(
        () => true,
        () => false,
      );
      if (isOpen) return wished;
    }
    const listener = this.newListener(wanted);
    await listener.open(address).catch((error) => refuseAddress(address, service, error));
    return listener;
  }

  private newListener({ isSecure, service }: Address): Listener {
    return isSecure && this.secured ? new TlsListener(this.edge, this.secured) : new Listener(this.edge, service);
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
