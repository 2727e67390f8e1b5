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
      {TONES.map((tone) => (
        <path key={tone} class={tone} d={barsOf(beats, most, tone)} />
      ))}
    </svg>
  );
}

const TONES = ['fill-line', 'fill-beat', 'fill-warn', 'fill-bad'] as const;

/** All bars of one colour as one path: hundreds of services have tens of thousands of bars. */
function barsOf(beats: readonly Beat[], most: number, tone: (typeof TONES)[number]): string {
  return beats
    .map(({ requests, errors }, i) => {
      if (toneOf(requests, errors) !== tone) return '';
      const high = requests === null ? 1 : requests === 0 ? 1.5 : Math.max(2.5, (requests / most) * (HIGH - 2));
      return `M${i * WIDE} ${HIGH}v${-Number(high.toFixed(1))}h${WIDE - 1}V${HIGH}z`;
    })
    .join('');
}

function toneOf(requests: number | null, errors: number | null): (typeof TONES)[number] {
  if (requests === null) return 'fill-line';
  const share = errors ?? 0;
  return share >= BAD ? 'fill-bad' : share >= WARN ? 'fill-warn' : 'fill-beat';
}
