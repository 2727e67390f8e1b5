// The reader of log lines: beside the loop, bounded, and never in its way.
import { describe, expect, it } from 'vitest';
import { sampleKey } from '../core/blame.ts';
import type { FailedRequest } from '../core/traffic.ts';
import type { LogLine, LogQuery } from '../ports/logs.ts';
import { FailureLines } from './failure-lines.ts';

function sample(traceId: string, over: Partial<FailedRequest> = {}): FailedRequest {
  const request = { method: 'GET', path: '/', status: 500, failure: 'status', ms: 30 } as const;
  return { at: 10_400, version: 42, arm: 'candidate', instance: 'api-v42-1', traceId, ...request, ...over };
}

function logsOf(lines: readonly LogLine[] | Error) {
  const asked: LogQuery[] = [];
  const read = async (query: LogQuery) => {
    asked.push(query);
    if (lines instanceof Error) throw lines;
    return lines;
  };
  return { asked, read };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const line = {
  at: 10_000,
  service: 'api',
  version: 42,
  instance: 'api-v42-1',
  level: 'error',
  text: 'Error: no',
} as const;

describe('the lines of failed requests', () => {
  it('are asked of one instance around its failures, once', async () => {
    const logs = logsOf([line]);
    const lines = new FailureLines(logs);
    const one = sample('a');
    lines.ask([{ service: 'api', samples: [one, sample('b', { at: 11_900, ms: 200 })] }]);
    await settled();
    lines.ask([{ service: 'api', samples: [one] }]);
    await settled();
    expect(logs.asked).toEqual([
      { service: 'api', instance: 'api-v42-1', sinceMs: 10_000, untilMs: 12_999, lines: 500 },
    ]);
    expect(lines.known()[sampleKey(one)]).toBe('Error: no');
  });

  it('are given up after three looks, also where nothing can be read', async () => {
    for (const logs of [logsOf([]), logsOf(new Error('no such folder'))]) {
      const lines = new FailureLines(logs);
      const one = sample('a');
      for (let look = 0; look < 5; look += 1) {
        lines.ask([{ service: 'api', samples: [one] }]);
        await settled();
      }
      expect(logs.asked).toHaveLength(3);
      expect(lines.known()).toEqual({ [sampleKey(one)]: null });
    }
  });

  it('are looked for at a few instances at a time', async () => {
    const logs = logsOf([]);
    const lines = new FailureLines(logs);
    const samples = Array.from({ length: 30 }, (_, i) => sample(`t${i}`, { instance: `api-v42-${i}` }));
    lines.ask([{ service: 'api', samples }]);
    lines.ask([{ service: 'api', samples }]);
    await settled();
    expect(logs.asked).toHaveLength(4);
  });

  it('are not looked for where nobody keeps them', () => {
    const lines = new FailureLines(null);
    lines.ask([{ service: 'api', samples: [sample('a')] }]);
    expect(lines.known()).toEqual({});
  });
});
