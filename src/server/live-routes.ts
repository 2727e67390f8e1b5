// The routes that the page lives on: the stream of what is now, the course of a release, numbers over time.
import type { LiveQuery } from '../api/live-views.ts';
import * as routes from '../api/routes.ts';
import type { App, AppOptions } from './app.ts';
import { createPulse, type FrameText } from './live.ts';
import type { AnswerStream } from './stream-routes.ts';

const HOUR_MS = 3_600_000;
const POINTS = 240;

/** Source of `sse`: HTML Living Standard, section 9.2.6 (event streams). */
const FRAMES = {
  ndjson: ({ json }: FrameText) => `${json}\n`,
  sse: ({ id, type, json }: FrameText) => `${id === null ? '' : `id: ${id}\n`}event: ${type}\ndata: ${json}\n\n`,
};

export function serveLive(app: App, { control, now }: AppOptions, answer: AnswerStream): void {
  const pulse = createPulse(control);

  app.openapi(routes.getCourse, async (c) => {
    const { points = POINTS, moments = 0 } = c.req.valid('query');
    return c.json(await control.course(c.req.valid('param').id, { points, moments }), 200);
  });

  app.openapi(routes.getMetrics, async (c) => {
    const { metric, by = 'service', from, to, step = 10, ...about } = c.req.valid('query');
    const toMs = to ?? now();
    const query = { ...given(about), by, fromMs: from ?? toMs - HOUR_MS, toMs, stepMs: step * 1000 };
    const range = await control.metrics.range({ ...query, metrics: [...new Set(metric.split(','))] as never });
    const series = range.series.map((one) => ({ ...one, values: [...one.values] }));
    return c.json({ ...range, series }, 200);
  });

  app.openapi(routes.getLive, async (c) => {
    const query = c.req.valid('query');
    const resumed = Number(c.req.header('last-event-id') || Number.NaN);
    const asked: LiveQuery = Number.isSafeInteger(resumed) && resumed >= 0 ? { ...query, after: resumed } : query;
    const frames = await pulse.open(asked);
    const isSse = c.req.header('accept')?.includes('text/event-stream') === true;
    const text = isSse ? FRAMES.sse : FRAMES.ndjson;
    return answer(c, isSse ? 'sse' : 'ndjson', async function* (signal) {
      for await (const frame of frames(signal)) yield text(frame);
    });
  });
}

/** Without what is not said. */
function given<T extends object>(query: T): T {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as T;
}
