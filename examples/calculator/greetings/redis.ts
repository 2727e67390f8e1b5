// Counters that all instances share in one Redis hash; while Redis is away they go on in memory and catch up later.
import { addTo, type Counters, countsOf, type Deltas } from './counters.ts';
import type { Log } from './http/log.ts';

const KEY = 'greetings';
const TIMEOUT_MS = 2000;

export type RedisOptions = {
  /** `redis://[user:password@]host:port[/database]` */
  readonly url: string;
  readonly log: Log;
  /** How often the counts of the other instances are read. */
  readonly refreshMs: number;
};

/**
 * Returns at once, whether Redis is there or not. Increments are added in Redis with HINCRBY, all that came since the last
 * round in one transaction, one round at a time. A round whose answer never came is sent again: after an outage it may be counted twice.
 */
export async function createRedisCounters({ url, log, refreshMs }: RedisOptions): Promise<Counters> {
  const { createClient } = await importRedis();
  const client = createClient({
    url,
    disableOfflineQueue: true,
    // Every refresh makes traffic, so a connection that is silent for this long has nobody at its other end.
    socket: {
      connectTimeout: TIMEOUT_MS,
      socketTimeout: refreshMs + TIMEOUT_MS,
      reconnectStrategy: (retries) => Math.min(2000, 100 * 2 ** Math.min(retries, 5)),
    },
  });
  let known: Deltas = new Map();
  let pending: Deltas = new Map();
  let sent: Deltas = new Map();
  let isAway = false;
  let round: Promise<void> | undefined;

  const setAway = (reason: unknown) => {
    if (!isAway) log.error(`Redis at ${withoutPassword(url)} is away, counting in memory: ${messageOf(reason)}`);
    isAway = true;
  };
  const exchange = async () => {
    sent = pending;
    pending = new Map();
    try {
      const transaction = client.multi();
      for (const [field, amount] of sent) transaction.hIncrBy(KEY, field, amount);
      const replies: readonly unknown[] = await transaction.hGetAll(KEY).exec();
      known = parseHash(replies.at(-1));
      if (isAway) log.info(`Redis at ${withoutPassword(url)} is back`);
      isAway = false;
    } catch (error) {
      for (const [field, amount] of sent) addTo(pending, field, amount);
      setAway(error);
    } finally {
      sent = new Map();
    }
  };
  const synchronise = () => {
    if (!client.isReady) return;
    round ??= exchange().finally(() => {
      round = undefined;
      if (pending.size > 0 && !isAway) synchronise();
    });
  };

  client.on('error', setAway);
  client.on('ready', synchronise);
  client.connect().catch(setAway);
  const refresh = setInterval(synchronise, refreshMs);
  return {
    read: () => countsOf(known, sent, pending),
    add(variant, field) {
      addTo(pending, `${variant}.${field}`, 1);
      if (!isAway) synchronise();
    },
    async close() {
      clearInterval(refresh);
      await round;
      if (pending.size > 0 && client.isReady) await exchange();
      if (pending.size > 0) log.error('Counts were lost because Redis was away', Object.fromEntries(pending));
      client.destroy();
    },
  };
}

/** Only when it is asked for: without REDIS_URL nothing needs to be installed. */
async function importRedis() {
  try {
    return await import('redis');
  } catch (error) {
    throw new Error('REDIS_URL is set, but the Redis client is not installed. Run `npm ci` in this folder.', {
      cause: error,
    });
  }
}

function parseHash(hash: unknown): Deltas {
  const numbers: Deltas = new Map();
  for (const [field, text] of Object.entries(hash ?? {})) {
    const number = Number(text);
    if (Number.isSafeInteger(number)) numbers.set(field, number);
  }
  return numbers;
}

function withoutPassword(url: string): string {
  const address = new URL(url);
  return `${address.protocol}//${address.host}`;
}

function messageOf(reason: unknown): string {
  if (reason instanceof AggregateError) return reason.errors.map(messageOf).join('; ');
  return reason instanceof Error ? reason.message : String(reason);
}
