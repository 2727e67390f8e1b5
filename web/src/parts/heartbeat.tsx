// Sixty bars for sixty minutes: how high is how many requests, red is how many of them failed.
import { percent, rateText } from '../format.ts';

export type Beat = { readonly requests: number | null; readonly errors: number | null };

const WIDE = 4;
const HIGH = 24;
/** Share of failed requests from which on a bar is coloured. */
const WARN = 0.01;
const BAD = 0.05;

export function Heartbeat({ beats, name }: { beats: readonly Beat[]; name: string }) {
  const most = Math.max(1e-9, ...beats.map((one) => one.requests ?? 0));
  const bad = beats.filter((one) => (one.errors ?? 0) >= WARN).length;
  const label = `${name}, the last ${beats.length} minutes: at most ${rateText(most < 1e-6 ? 0 : most)} requests a second; ${bad === 0 ? 'no minute' : `${bad} min`} with failures above ${percent(WARN)}.`;
  return (
    <svg
      class="beats"
      viewBox={`0 0 ${beats.length * WIDE} ${HIGH}`}
      width={beats.length * WIDE}
      height={HIGH}
      role="img"
      aria-label={label}
    >
      <title>{label}</title>
      {beats.map(({ requests, errors }, i) => {
        if (requests === null)
          return <rect key={i} x={i * WIDE} y={HIGH - 1} width={WIDE - 1} height={1} class="fill-line" />;
        const high = requests === 0 ? 1.5 : Math.max(2.5, (requests / most) * (HIGH - 2));
        const share = errors ?? 0;
        const tone = share >= BAD ? 'fill-bad' : share >= WARN ? 'fill-warn' : 'fill-beat';
        return <rect key={i} x={i * WIDE} y={HIGH - high} width={WIDE - 1} height={high} rx="0.7" class={tone} />;
      })}
    </svg>
  );
}
