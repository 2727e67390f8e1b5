// Tells HAProxy what to do and counts what it did: one table in, cells out. HAProxy goes on when this one is killed.
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure, sentenceOf } from '../../../../core/failure.ts';
import type { BalancerSeen, Cursor, Table } from '../../../../core/traffic.ts';
import { type Folder, forgetTable } from '../../../../proxy/folder.ts';
import { LIMITS } from '../../../../proxy/limits.ts';
import { note } from '../../../../proxy/log.ts';
import { regimeOf } from '../../../../proxy/observe/cell.ts';
import { ReleaseClients } from '../../../../proxy/observe/release-clients.ts';
import { OWN_VERSION } from '../../../../proxy/version.ts';
import { addressesFor } from './addresses.ts';
import { backendOf, FILES, shapeOf } from './config.ts';
import { Engine } from './engine.ts';
import { Ledger, type Tables } from './ledger.ts';
import { LineReaders } from './lines.ts';
import { openIn, rowsIn, type Workers } from './master.ts';
import { planOf } from './plan.ts';
import { ANSWERED_TABLE, ASKED_TABLE } from './rules.ts';
import { changeServers, pushMaps, removeServer, renewCertificates } from './runtime.ts';
import { checkWords, load, NOTHING, type Saved, save } from './saved.ts';
import { pemOf, renewedIn } from './tls.ts';

const TICK_MS = 250;
/** A line comes that much after its request has ended, at most, unless it is lost. */
const LINE_MS = 1_000;
/** A reader is kept waiting no longer while HAProxy does not answer, as in a reload. */
const RELOAD_MS = 3_000;
const LOOK_MS = 20;
/** After so long without an answer, what is not known is given up. */
const SILENCE_MS = 10_000;
/** HAProxy's clock stands still while it handles a round of events. */
const MARGIN_MS = 20;
const NOBODY: Workers = { current: null, ending: [], failed: 0 };

export class Keeper {
  private readonly folder: Folder;
  private readonly engine: Engine;
  private readonly ledger: Ledger;
  private readonly readers: LineReaders;
  private readonly clients = new Map<string, { salt: string; clients: ReleaseClients }>();
  private state: Saved = NOTHING;
  private turn: Promise<unknown> = Promise.resolve();
  private collecting: Promise<void> | null = null;
  /** Workers that are ending and have no connection any more, and since when that is known, on the clock of `performance`. */
  private readonly idle = new Map<number, number>();
  /** Whether HAProxy has the maps of `state`: not when a change of them failed half-way, or another keeper made it. */
  private areMapsKnown = false;
  /** When the last reading of the tables began, on the clock of `performance`. */
  private readAt = performance.now();
  private isStopped = false;

  constructor(dir: string, folder: Folder, program: string) {
    this.folder = folder;
    this.engine = new Engine(dir, program);
    this.ledger = new Ledger(Date.now(), (name) => this.state.servers.find((one) => one.name === name)?.id ?? '');
    this.readers = new LineReaders(join(dir, FILES.admin), (line) => this.ledger.take(line));
  }

  /** Takes over the HAProxy that runs, or starts it with what was saved. */
  async start(): Promise<void> {
    try {
      const saved = load(this.folder);
      if (saved !== null) {
        this.use(saved);
        await this.revive();
      } else await this.engine.stop(0);
    } catch (error) {
      note(`The saved table is not used: ${sentenceOf(error)}`);
      this.state = NOTHING;
      await this.engine.stop(0);
    }
    void this.tick();
  }

  apply(table: Table): Promise<void> {
    return this.take(() => this.change(table));
  }

  async seen(): Promise<
    BalancerSeen & {
      readonly boot: string;
      readonly pid: number;
      readonly haproxy: number | null;
      readonly lostLines: number;
    }
  > {
    const { table, listening, listeningTls, servers } = this.state;
    const counts = await this.openByServer(await this.engine.workers().catch(() => NOBODY));
    const open: Record<string, number> = {};
    for (const one of servers) {
      const count = counts.get(`${backendOf(one)}/${one.name}`) ?? 0;
      if (!one.isLeaving || count > 0) open[one.id] = (open[one.id] ?? 0) + count;
    }
    const services = table.services.map(({ service, epoch, weight }) => ({ service, epoch, weight }));
    const { pid } = this.engine;
    return {
      revision: table.revision,
      services,
      open,
      listening,
      ...(listeningTls ? { listeningTls } : {}),
      boot: this.ledger.boot,
      version: OWN_VERSION,
      pid: process.pid,
      haproxy: pid,
      lostLines: this.ledger.lostLines,
    };
  }

  /** `Observations` as JSON. */
  async observe(cursor: Cursor | null): Promise<string> {
    const upTo = Date.now() - MARGIN_MS;
    const until = performance.now() + RELOAD_MS;
    await this.collect();
    while (!this.ledger.hasRead(upTo) && performance.now() < until) {
      await wait(LOOK_MS);
      await this.collect();
    }
    return this.ledger.observe(cursor);
  }

  stop(graceMs: number): Promise<void> {
    return this.take(async () => {
      this.isStopped = true;
      await this.engine.stop(graceMs);
      this.readers.close();
      forgetTable(this.folder);
    });
  }

  private take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async change(table: Table): Promise<void> {
    if (this.isStopped) throw new Failure('unavailable', 'The balancer is stopping and takes no table.');
    const before = this.state;
    const { revision, services } = before.table;
    if (table.revision < revision) {
      throw new Failure('conflict', `Table ${table.revision} is older than table ${revision}, which routes now.`);
    }
    checkWords({ table });
    const isRunning = this.engine.pid !== null;
    for (const one of table.tls?.certificates ?? []) pemOf(one);
    const addresses = await addressesFor(table, {
      plain: { wanted: before.table.listen, given: before.listening },
      secure: { wanted: before.table.tls?.listen ?? [], given: before.listeningTls ?? [] },
      internal: isRunning ? services.map((one) => one.internalPort) : [],
      internalHosts: before.table.internalHosts ?? [],
    });
    const plan = planOf({ ...before, services }, table);
    const next: Saved = { table, ...addresses, places: plan.places, servers: plan.servers, next: plan.next };
    save(this.folder, next);
    this.use(next);
    try {
      if (!isRunning) await this.launch();
      else if (shapeOf(before) !== shapeOf(next)) await this.reload();
      else await this.tell(plan.coming, plan.leaving, before);
    } catch (error) {
      this.areMapsKnown = false;
      save(this.folder, before);
      this.engine.write(before);
      this.use(before);
      throw error;
    }
  }

  /** Everything counts and answers by `state` from now on. */
  private use(state: Saved): void {
    this.state = state;
    const numbers = new Set<number>();
    for (const traffic of state.table.services) {
      const place = state.places[traffic.service];
      if (place === undefined) continue;
      numbers.add(place.regime);
      this.ledger.change(place.regime, regimeOf(traffic, this.clientsOf(traffic.service, traffic.salt)));
    }
    this.ledger.retain(numbers);
  }

  private clientsOf(service: string, salt: string): ReleaseClients {
    const known = this.clients.get(service);
    if (known?.salt === salt) return known.clients;
    const clients = new ReleaseClients(LIMITS.stickyClients);
    this.clients.set(service, { salt, clients });
    return clients;
  }

  private async launch(): Promise<void> {
    this.engine.write(this.state);
    await this.engine.check();
    await this.engine.start();
    await this.listen(true);
  }

  /** Hears of the requests of the worker that takes new connections. */
  private async listen(isNew: boolean): Promise<void> {
    const { current } = await this.engine.workers();
    if (current !== null) await this.readers.attach(current, isNew);
  }

  private async reload(): Promise<void> {
    this.engine.write(this.state);
    await this.engine.check();
    await this.engine.reload();
    await this.listen(true);
    const { ending } = await this.engine.workers();
    // Requests on connections that are still with them follow the same table.
    for (const worker of ending) await pushMaps(this.engine, worker, this.state, null).catch(() => undefined);
  }

  private async tell(coming: Saved['servers'], leaving: Saved['servers'], before: Saved): Promise<void> {
    const renewed = renewedIn(before.table, this.state.table);
    const { current, ending } = await this.engine.workers();
    if (current === null) throw new Failure('unavailable', 'HAProxy has no worker that takes connections.');
    this.engine.write(this.state);
    for (const worker of ending) {
      await changeServers(this.engine, worker, coming, 'ready').catch(() => false);
      await pushMaps(this.engine, worker, this.state, null).catch(() => undefined);
    }
    const isChanged =
      (await changeServers(this.engine, current, coming, 'ready')) &&
      (await renewCertificates(this.engine, current, renewed));
    if (!isChanged) {
      await this.reload();
      return;
    }
    await pushMaps(this.engine, current, this.state, this.areMapsKnown ? before : null);
    this.areMapsKnown = true;
    await changeServers(this.engine, current, leaving, 'drain');
  }

  private async revive(): Promise<void> {
    if (this.engine.pid !== null && (await this.engine.workers().catch(() => NOBODY)).current !== null) {
      await this.listen(false);
      // The keeper before may have been killed before it said all, and may have written another configuration.
      await this.reload().catch((error) => note(`HAProxy goes on with what it was told: ${sentenceOf(error)}`));
      note('HAProxy runs and is taken over.');
      return;
    }
    await this.engine.stop(0);
    await this.launch();
    note(`HAProxy was started with table ${this.state.table.revision}.`);
  }

  private async tick(): Promise<void> {
    while (!this.isStopped) {
      await wait(TICK_MS);
      if (this.isStopped) return;
      try {
        if (this.engine.pid === null && this.state.table.revision > 0) await this.take(() => this.restart());
        await this.collect();
        await this.letGo();
        if (this.state.servers.some((one) => one.isLeaving)) await this.take(() => this.clean());
        this.engine.boundLog();
      } catch (error) {
        note(sentenceOf(error));
      }
    }
  }

  private async restart(): Promise<void> {
    if (this.isStopped || this.engine.pid !== null) return;
    note('HAProxy has ended and is started again.');
    await this.launch();
  }

  /** What happened until now is counted afterwards. */
  private collect(): Promise<void> {
    this.collecting ??= this.gather().finally(() => {
      this.collecting = null;
    });
    return this.collecting;
  }

  private async gather(): Promise<void> {
    const upTo = Date.now() - MARGIN_MS;
    const began = performance.now();
    if (!this.ledger.isDue(upTo) && this.idle.size === 0) return;
    const tables = await this.tables();
    const isWhole = tables?.every((one) => one !== null) ?? false;
    // While it reloads, HAProxy may not answer; a second that was not read is not over.
    if (!isWhole && began - this.readAt < SILENCE_MS) return;
    this.ledger.read(
      upTo,
      (tables ?? []).filter((one) => one !== null),
    );
    this.readAt = began;
    const until = performance.now() + LINE_MS;
    while (this.ledger.isAwaiting() && performance.now() < until) await wait(5);
    const { lostLines, unknownEnds } = this.ledger;
    this.ledger.settle(performance.now() >= until);
    const lost = this.ledger.lostLines - lostLines;
    if (lost > 0) note(`HAProxy dropped ${lost} lines about failed requests.`);
    const unknown = this.ledger.unknownEnds - unknownEnds;
    if (unknown > 0) note(`HAProxy does not say how ${unknown} requests ended; they are not counted.`);
  }

  /** Those of all workers, null for one that does not answer; null when it is not known which there are. */
  private async tables(): Promise<readonly (Tables | null)[] | null> {
    const { current, ending } = await this.engine.workers().catch(() => NOBODY);
    if (current === null) return null;
    return Promise.all([current, ...ending].map((worker) => this.tablesOf(worker).catch(() => null)));
  }

  /** What ended is in the second table when the first one no longer calls it open. */
  private async tablesOf(worker: number): Promise<Tables> {
    const asked = rowsIn(await this.engine.ask(`@!${worker} show table ${ASKED_TABLE}`));
    const answered = rowsIn(await this.engine.ask(`@!${worker} show table ${ANSWERED_TABLE}`));
    return { worker, asked, answered };
  }

  /** Workers that have nothing left to tell may end. One that is read by nobody is read again. */
  private async letGo(): Promise<void> {
    const { current, ending } = await this.engine.workers().catch(() => NOBODY);
    for (const worker of this.idle.keys()) if (!ending.includes(worker)) this.idle.delete(worker);
    for (const worker of ending.filter((one) => this.readers.workers.includes(one))) {
      // Its tables were read since it was without connections, and so were its lines.
      if ((this.idle.get(worker) ?? Number.POSITIVE_INFINITY) < this.readAt && this.ledger.isIdle(worker)) {
        this.readers.release(worker);
        continue;
      }
      const connections = openIn(await this.engine.ask(`@!${worker} show stat edge 1 -1`)).get('edge/FRONTEND');
      if (connections !== 0) this.idle.delete(worker);
      else if (!this.idle.has(worker)) this.idle.set(worker, performance.now());
    }
    if (current !== null && !this.readers.workers.includes(current)) await this.take(() => this.listen(false));
  }

  private async openByServer({ current, ending }: Workers): Promise<Map<string, number>> {
    const sum = new Map<string, number>();
    for (const worker of [...(current === null ? [] : [current]), ...ending]) {
      const text = await this.engine.ask(`@!${worker} show stat -1 4 -1`).catch(() => '');
      for (const [name, count] of openIn(text)) sum.set(name, (sum.get(name) ?? 0) + count);
    }
    return sum;
  }

  /** Removes the servers that are leaving and have no request any more. */
  private async clean(): Promise<void> {
    const workers = await this.engine.workers();
    const counts = await this.openByServer(workers);
    const gone = new Set<string>();
    for (const one of this.state.servers) {
      if (!one.isLeaving || (counts.get(`${backendOf(one)}/${one.name}`) ?? 0) > 0) continue;
      if (workers.current !== null && (await removeServer(this.engine, workers.current, one))) gone.add(one.name);
    }
    if (gone.size === 0) return;
    this.state = { ...this.state, servers: this.state.servers.filter((one) => !gone.has(one.name)) };
    save(this.folder, this.state);
  }
}
