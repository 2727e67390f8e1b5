// Going through a finished release: a slider over its time, and play.
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ReleaseView } from '../../../src/api/views.ts';
import { clockText, spanText, utcText } from '../format.ts';
import { cursor, loadMoments } from './model.ts';
import { timesShown } from './river.tsx';

const isPlaying = signal(false);
/** The whole release passes in so long. */
const PLAY_MS = 20_000;
const STEP_MS = 120;

export function Slider({ view }: { view: ReleaseView }) {
  const times = timesShown();
  const isOn = isPlaying.value;
  useEffect(() => {
    if (!isOn || !times) return;
    const step = Math.max(1000, ((times.to - times.from) * STEP_MS) / PLAY_MS);
    const timer = setInterval(
      () => {
        const next = (cursor.value ?? times.from) + step;
        if (next >= times.to) {
          cursor.value = null;
          isPlaying.value = false;
        } else cursor.value = next;
      },
      Math.max(STEP_MS, (PLAY_MS * step) / (times.to - times.from)),
    );
    return () => clearInterval(timer);
  }, [isOn, times?.from, times?.to]);
  useEffect(() => () => stop(), [view.id]);
  if (!view.isOver || !times) return null;
  const at = cursor.value ?? times.to;
  return (
    <div class="slider">
      <button
        type="button"
        class="btn small"
        aria-label={isOn ? 'Stop the replay' : 'Replay this release'}
        onClick={() => void toggle(times.from)}
      >
        {isOn ? '‖' : '▶'}
      </button>
      <input
        type="range"
        aria-label="Time within the release"
        aria-valuetext={`${clockText(at)}, ${spanText(at - times.from)} after the first request`}
        min={times.from}
        max={times.to}
        step={1000}
        value={at}
        onInput={(event) => void moveTo(Number(event.currentTarget.value), times.to)}
      />
      <output title={utcText(at)}>
        {clockText(at)} <span class="mute">+{spanText(at - times.from)}</span>
      </output>
    </div>
  );
}

async function toggle(from: number): Promise<void> {
  if (isPlaying.value) {
    isPlaying.value = false;
    return;
  }
  await loadMoments();
  cursor.value ??= from;
  isPlaying.value = true;
}

async function moveTo(at: number, end: number): Promise<void> {
  isPlaying.value = false;
  cursor.value = at >= end ? null : at;
  await loadMoments();
}

function stop(): void {
  isPlaying.value = false;
  cursor.value = null;
}
