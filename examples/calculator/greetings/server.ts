// Starts greetings. PORT is required; HOST, LOG=all, EPSILON (0 to 1) and REDIS_URL are optional.
import { createGreetings } from './app.ts';
import { createClients } from './clients.ts';
import { createMemoryCounters } from './counters.ts';
import { run } from './http/run.ts';
import { createRedisCounters } from './redis.ts';

const MAX_CLIENTS = 10_000;

await run(
  'greetings',
  (environment) => ({
    epsilon: environment.number('EPSILON', { min: 0, max: 1, isWhole: false, fallback: 0.1 }),
    url: environment.address('REDIS_URL', {
      schemes: ['redis:', 'rediss:'],
      example: 'redis://127.0.0.1:6379',
      isRequired: false,
    }),
  }),
  async ({ epsilon, url }, log) => {
    const counters = url === null ? createMemoryCounters() : await createRedisCounters({ url, log, refreshMs: 1000 });
    return createGreetings({ counters, clients: createClients(MAX_CLIENTS), epsilon, random: Math.random });
  },
);
