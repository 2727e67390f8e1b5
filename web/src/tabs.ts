// The seats of this tab among those of its browser.
import { SAYS_MS, Seats } from './seats.ts';

/** A name that no other tab has; `crypto.randomUUID` is not everywhere. */
const TAB = [...crypto.getRandomValues(new Uint32Array(2))].join('-');

export const seats = new Seats(
  TAB,
  typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('friday streams'),
  Date.now,
);
/** Without a seat it is asked again so often. */
export const POLL_MS = 3000;

setInterval(() => seats.beat(), SAYS_MS);
