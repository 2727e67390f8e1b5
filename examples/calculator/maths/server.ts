// Starts maths. PORT is required; HOST, LOG=all and STATSD=host:port are optional.
import { createMaths } from './app.ts';
import { run } from './http/run.ts';
import { createStatsd } from './statsd.ts';

await run(
  'maths',
  (environment) => environment.hostAndPort('STATSD'),
  (target) => createMaths(createStatsd(target)),
);
