// The one cursor of a page: the moment that the pointer is at, in whatever picture it is.
import { signal } from '@preact/signals';

/** Milliseconds since 1970; null = the pointer is in no picture. */
export const pointed = signal<number | null>(null);

/** The moment under the pointer in a picture that shows `from` to `to` between two of its own pixels; null beside them. */
export function momentUnder(
  event: PointerEvent,
  { from, to, left, right }: { from: number; to: number; left: number; right: number },
): number | null {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  const at = from + ((event.clientX - box.left - left) / Math.max(1, right - left)) * (to - from);
  return at < from || at > to ? null : at;
}
