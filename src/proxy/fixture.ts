// A place for tests of the proxy: real instances, a proxy in this process, clients of every kind, and the counts.
import { Agent, createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../test/ports.ts';
import type { ArmCount, Cell, Observations, ServiceTraffic, Side, Table, Target } from '../core/traffic.ts';
import type { ProxyLimits } from './limits.ts';
import { createProxy, type DataPlane } from './proxy.ts';

export const LIMITS_OF_SERVICE = { deadlineMs: 5000, timeoutMs: 10_000, holdRequests: 100, holdMs: 3000 };

export type Reply = {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
};

export type Sent = {
  /** 127.0.0.1 when absent. */
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
};

export type Instance = {
  readonly id: string;
  readonly port: number;
  readonly target: Target;
  /** Requests that reached it. */
  readonly requests: IncomingMessage[];
  readonly server: Server;
  /** Closes it and cuts every connection. */
  kill(): Promise<void>;
};

export class Place {
  readonly proxy: DataPlane;
  private readonly instances: Instance[] = [];
  private readonly closers: (() => unknown)[] = [];
  private revision = 0;

  constructor(limits: Partial<ProxyLimits> = {}) {
    this.proxy = createProxy(limits);
  }

  /** An instance that answers with its id, or as `listener` says. */
  async instance(id: string, listener?: RequestListener): Promise<Instance> {
    const instance = await startInstance(id, listener);
    this.instances.push(instance);
    return instance;
  }

  /** Makes these services the table. Listens on one public port that stays. */
  async apply(...services: ServiceTraffic[]): Promise<void> {
    await this.applyWith({}, ...services);
  }

  /** The same, with HTTPS or challenges. */
  async applyWith(more: Pick<Table, 'tls' | 'challenges'>, ...services: ServiceTraffic[]): Promise<void> {
    this.revision += 1;
    await this.proxy.apply({ ...tableOf(this.revision, services), ...more });
  }

  get tlsPort(): number {
    return this.proxy.seen().listeningTls?.[0]?.port ?? 0;
  }

  get port(): number {
    return this.proxy.seen().listening[0]?.port ?? 0;
  }

  send(path = '/', sent: Sent = {}): Promise<Reply> {
    return send(this.port, path, sent);
  }

  raw(text: string): Promise<string> {
    return raw(this.port, text);
  }

  async connect(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    this.closers.push(() => socket.destroy());
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  }

  agent(): Agent {
    const agent = new Agent({ keepAlive: true });
    this.closers.push(() => agent.destroy());
    return agent;
  }

  observe(): Observations {
    return JSON.parse(this.proxy.observe(null)) as Observations;
  }

  /** All cells, once every second in which something was sent is closed. */
  async cells(): Promise<readonly Cell[]> {
    const tick = Math.floor(Date.now() / 1000);
    await until(() => this.observe().closedUpTo >= tick);
    return this.observe().cells;
  }

  async close(): Promise<void> {
    for (const one of this.closers) one();
    await this.proxy.stop(0);
    await Promise.all(this.instances.map((one) => one.kill()));
  }
}

export async function startInstance(id: string, listener?: RequestListener): Promise<Instance> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    requests.push(incoming);
    if (listener) listener(incoming, response);
    else incoming.resume().on('end', () => response.end(id));
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const kill = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.resetAndDestroy();
    });
  return { id, port, target: { id, host: '127.0.0.1', port }, requests, server, kill };
}

export function tableOf(revision: number, services: readonly ServiceTraffic[]): Table {
  return { revision, listen: [{ host: '127.0.0.1', port: 0 }], services };
}

const webPort = await freePort();

/** A service `web` for every host, with the defaults that tests want. */
export function traffic(over: Partial<ServiceTraffic> = {}): ServiceTraffic {
  return {
    service: 'web',
    routes: [{ host: '*', path: '/' }],
    internalPort: webPort,
    isSticky: false,
    salt: 'salt',
    epoch: 1,
    weight: 0,
    stable: null,
    candidate: null,
    isComing: false,
    limits: LIMITS_OF_SERVICE,
    ...over,
  };
}

export function side(version: number, ...instances: readonly Instance[]): Side {
  return { version, targets: instances.map(({ target }) => target) };
}

/** An instance that nobody listens for. */
export async function deadTarget(id: string): Promise<Target> {
  return { id, host: '127.0.0.1', port: await freePort() };
}

export function send(
  port: number,
  path = '/',
  { method = 'GET', headers = {}, body, agent, host = '127.0.0.1' }: Sent = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = { host, port, path, method, headers, agent: agent ?? false };
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, rawHeaders, trailers } = response;
        resolve({ status, headers: response.headers, rawHeaders, trailers, body: Buffer.concat(chunks).toString() });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends bytes and gives everything that comes back until the connection ends, at most for 2 s. */
export function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    let got = '';
    const timer = setTimeout(() => socket.destroy(), 2000);
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(got) : reject(error)));
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(got);
    });
  });
}

/** Waits until `check` holds; fails after 10 s. */
export async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await check())) {
    if (performance.now() > end) throw new Error('This did not come true within 10 s.');
    await wait(10);
  }
}

const NOTHING = { requests: 0, failures: { status: 0, timeout: 0, connection: 0, deadline: 0 }, latencies: 0 };

/** Counts of one arm over all cells; `latencies` is how many latencies were counted. */
export function sumOf(cells: readonly Cell[], arm: 'stable' | 'candidate') {
  return cells.reduce((sum, cell) => addTo(sum, cell[arm]), NOTHING);
}

function addTo(sum: typeof NOTHING, arm: ArmCount | null): typeof NOTHING {
  if (arm === null) return sum;
  const { status, timeout, connection, deadline } = arm.failures;
  return {
    requests: sum.requests + arm.requests,
    failures: {
      status: sum.failures.status + status,
      timeout: sum.failures.timeout + timeout,
      connection: sum.failures.connection + connection,
      deadline: sum.failures.deadline + deadline,
    },
    latencies: sum.latencies + arm.latency.reduce((all, [, count]) => all + count, 0),
  };
}

/** What clients saw, over all cells. */
export function seenIn(cells: readonly Cell[]) {
  return cells.reduce(
    (sum, { seen }) => ({
      answers: sum.answers + seen.answers,
      failures: sum.failures + seen.failures,
      refused: sum.refused + seen.refused,
    }),
    { answers: 0, failures: 0, refused: 0 },
  );
}

export function outsideIn(cells: readonly Cell[]) {
  return cells.reduce(
    (sum, { outside }) => ({
      requests: sum.requests + outside.requests,
      failures: sum.failures + outside.failures,
    }),
    { requests: 0, failures: 0 },
  );
}
