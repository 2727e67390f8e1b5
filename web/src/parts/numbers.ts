// Numbers of the last hour for the pages: asked for again every so often, only while the tab is seen.
import { useEffect, useState } from 'preact/hooks';
import type { RangeView } from '../../../src/api/live-views.ts';
import { api } from '../api.ts';

type Query = Readonly<Record<string, string | number | undefined>>;

/** Null before the first answer; what was known stays when one fails. */
export function useNumbers(query: Query, everyMs: number, spanMs = 3_600_000): RangeView | null {
  const [range, setRange] = useState<RangeView | null>(null);
  const key = JSON.stringify([query, spanMs]);
  useEffect(() => {
    let isOver = false;
    const ask = async () => {
      if (document.hidden) return;
      const to = Date.now();
      const next = await api.metrics({ ...query, from: to - spanMs, to }).catch(() => null);
      if (!isOver && next) setRange(next);
    };
    setRange(null);
    void ask();
    const timer = setInterval(() => void ask(), everyMs);
    const onSeen = () => void ask();
    document.addEventListener('visibilitychange', onSeen);
    return () => {
      isOver = true;
      clearInterval(timer);
      document.removeEventListener('visibilitychange', onSeen);
    };
  }, [key, everyMs]);
  return range;
}
