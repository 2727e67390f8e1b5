// The routes of maths: one per operation.
import { Problem } from './http/problem.ts';
import type { App, Request, Route } from './http/server.ts';
import { calculate, OPERATIONS, type Operation } from './operations.ts';
import type { Statsd } from './statsd.ts';

export function createMaths(statsd: Statsd): App {
  const route = (operation: Operation): Route => ({
    method: 'GET',
    path: `/${operation}`,
    async handle({ query }) {
      const outcome = await statsd.measure(operation, () => calculate(operation, one(query, 'a'), one(query, 'b')));
      if (!outcome.isOk) throw new Problem(outcome.isBadNumber ? 400 : 422, outcome.title, outcome.detail);
      const { a, b, result } = outcome;
      return { json: { operation, a, b, result } };
    },
  });
  return {
    routes: OPERATIONS.map(route),
    metrics: () =>
      `# HELP statsd_errors_total StatsD packets that could not be sent.\n# TYPE statsd_errors_total counter\nstatsd_errors_total ${statsd.errors}\n`,
    close: () => statsd.close(),
  };
}

/** The value of a parameter that may be given once; '' when it is missing. */
function one(query: Request['query'], name: string): string {
  const values = query.getAll(name);
  if (values.length > 1)
    throw new Problem(400, 'Given twice', `${name} is given ${values.length} times. Give it once.`);
  return values[0] ?? '';
}
