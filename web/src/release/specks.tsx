// Specks that drift along the arms of the river, drawn beside the framework: they move 24 times a second.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Column, River as Shape } from './shape.ts';

const PARTICLES = 70;
const FRAME_MS = 42;
/** A particle crosses the picture in so long. */
const CROSSING_MS = 11_000;

/** Specks that drift along the arms: it is alive. None for who wants less motion, none while nobody looks. */
export function Particles({ shape, isOn }: { shape: Shape; isOn: boolean }) {
  const group = useRef<SVGGElement>(null);
  const latest = useRef(shape);
  latest.current = shape;
  const [isCalm] = useState(() => matchMedia('(prefers-reduced-motion: reduce)').matches);
  useEffect(() => {
    const parent = group.current;
    if (!parent || !isOn || isCalm) return;
    const specks = Array.from({ length: PARTICLES }, (_, i) => {
      const circle = document.createElementNS('http://www.w3.org/2000/svg', 'circle');
      circle.setAttribute('r', '1.5');
      parent.append(circle);
      const [start, lane, speed] = [seed(i), seed(i + 100), 0.6 + seed(i + 200) * 0.5];
      return { circle, start, lane, speed };
    });
    const timer = setInterval(() => {
      if (document.hidden) return;
      const time = performance.now() / CROSSING_MS;
      for (const { circle, start, lane, speed } of specks)
        move(circle, latest.current.columns, (start + time * speed) % 1, lane);
    }, FRAME_MS);
    return () => {
      clearInterval(timer);
      parent.replaceChildren();
    };
  }, [isOn, isCalm]);
  return <g ref={group} class="specks" />;
}

function seed(i: number): number {
  const value = Math.sin(i * 78.233) * 43_758.5453;
  return value - Math.floor(value);
}

function move(circle: SVGCircleElement, columns: readonly Column[], along: number, lane: number): void {
  const place = along * (columns.length - 1);
  const [one, other] = [columns[Math.floor(place)], columns[Math.ceil(place)]];
  if (!one || !other) return;
  const share = one.candidate / Math.max(0.001, one.stable + one.candidate);
  const isCandidate = lane < share;
  const within = isCandidate ? lane / Math.max(share, 0.001) : (lane - share) / Math.max(1 - share, 0.001);
  const part = place - Math.floor(place);
  const at = (column: Column) => {
    const [low, high] = isCandidate ? [column.cut2, column.bottom] : [column.top, column.cut1];
    return low + (high - low) * (0.08 + 0.84 * within);
  };
  circle.setAttribute('cx', (one.x + (other.x - one.x) * part).toFixed(1));
  circle.setAttribute('cy', (at(one) + (at(other) - at(one)) * part).toFixed(1));
  circle.setAttribute('class', one.stable + one.candidate === 0 ? 'gone' : isCandidate ? 'speck candidate' : 'speck');
}
