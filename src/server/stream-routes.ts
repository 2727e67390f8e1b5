// The routes that go on: the journal as NDJSON or server-sent events, the logs, and the ticks of a release.
import type { Context } from 'hono';
import * as routes from '../api/routes.ts';
import type { Event } from '../core/journal.ts';
import type { LogQuery } from '../ports/logs.ts';
import { type Env, principalOf } from './access/caller.ts';
import type { App, AppOptions } from './app.ts';
import { openFeed } from './feed.ts';
import { serveLive } from './live-routes.ts';
import { createStreams } from './stream.ts';

const HEARTBEAT_MS = 15_000;
const STALL_MS = 30_000;
const MOST_STREAMS = 200;

type Format = { readonly type: string; readonly heartbeat: string; frame(event: Event): string };

const NDJSON: Format = { type: 'application/x-ndjson', heartbeat: '\n', frame: lineOf };

/** Source: HTML Living Standard, section 9.2.6 (event streams). */
const SSE: Format = {
  type: 'text/event-stream',
  heartbeat: ':\n\n',
  frame: (event) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
};

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

type Asked = Context<Env>;
type Source = (signal: AbortSignal) => AsyncIterable<string>;

/** Answers with a stream, which counts among all streams. */
export type AnswerStream = (c: Asked, format: 'ndjson' | 'sse', source: Source) => Response;

export function serveStreams(app: App, options: AppOptions): void {
  const { control, logs } = options;
  const streams = createStreams(MOST_STREAMS, options.heartbeatMs ?? HEARTBEAT_MS, options.stallMs ?? STALL_MS);
  options.ending?.addEventListener('abort', () => streams.endAll());
  const answer = (c: Asked, { type, heartbeat }: Pick<Format, 'type' | 'heartbeat'>, open: Source) => {
    // Who is signed out sees no more of what was open.
    const end = options.access.endOf(principalOf(c));
    const source: Source = end === null ? open : (signal) => open(AbortSignal.any([signal, end]));
    return new Response(streams.open(source, heartbeat, c.env?.drop), {
      headers: { 'content-type': type, 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
    });
  };

  serveLive(app, options, (c, format, source) => answer(c, format === 'sse' ? SSE : NDJSON, source));

  app.openapi(routes.getEvents, async (c) => {
    const query = c.req.valid('query');
    const format = c.req.header('accept')?.includes('text/event-stream') ? SSE : NDJSON;
    const resumed = Number(c.req.header('last-event-id') || Number.NaN);
    const feed = await openFeed(
      control,
      Number.isSafeInteger(resumed) && resumed >= 0 ? { ...query, after: resumed } : query,
    );
    const response = answer(c, format, (signal) => map(feed.events(signal), format.frame));
    response.headers.set('x-friday-after', String(feed.after));
    return response;
  });

  app.openapi(routes.getTicks, async (c) => {
    const ticks = await control.ticks(c.req.valid('param').id);
    // It says no empty lines in between: what is saved is the file as it is documented.
    return answer(c, { type: NDJSON.type, heartbeat: '' }, () => ticks);
  });

  app.openapi(routes.getLogs, async (c) => {
    const { since, until, follow, ...rest } = c.req.valid('query');
    const query: LogQuery = {
      ...rest,
      ...(since === undefined ? {} : { sinceMs: since }),
      ...(until === undefined ? {} : { untilMs: until }),
    };
    if (follow === true) return answer(c, NDJSON, (signal) => map(logs.follow(query, signal), lineOf));
    const lines = await logs.read(query);
    return answer(c, NDJSON, () => map(lines, lineOf));
  });
}

async function* map<T>(items: AsyncIterable<T> | Iterable<T>, frame: (item: T) => string): AsyncGenerator<string> {
  for await (const item of items) yield frame(item);
}
