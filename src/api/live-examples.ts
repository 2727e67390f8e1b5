// Examples of what the page lives on, for the OpenAPI document; a test holds them to the schemas.
import { event, release } from './examples.ts';
import type { CourseView, LiveFrame, RangeView } from './live-views.ts';
import type { ReceiptView } from './receipt-views.ts';

const AT = 1_795_161_600_000;

export const course: CourseView = {
  release: 7,
  stepMs: 1000,
  points: [
    {
      at: AT,
      epoch: 12,
      weight: 5,
      stable: { requests: 95, failures: 1, latency: [240, 80, 241, 15] },
      candidate: { requests: 5, failures: 0, latency: [240, 5] },
    },
  ],
  said: [{ at: AT, weight: 5, receipt: release.receipt as ReceiptView }],
};

export const range: RangeView = {
  fromMs: AT,
  stepMs: 10_000,
  series: [{ service: 'api', version: 42, instance: null, metric: 'requests', values: [41.2, 40.8, null] }],
};

export const frame: LiveFrame = { type: 'event', event };
