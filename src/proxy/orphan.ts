// The end of a proxy that nobody can reach: its folder is gone, and so is every request.
import { type Folder, isOwn } from './folder.ts';
import { note } from './log.ts';
import type { DataPlane } from './proxy.ts';

const LOOKS = 5;

/**
 * Ends the proxy when its folder has not been its own, and no request came, for `quietMs`. While requests come it goes on
 * without its folder: whoever removed it may not have known what runs there.
 */
export function endWhenOrphaned(proxy: DataPlane, folder: Folder, quietMs: number, end: () => void): void {
  let quietLooks = 0;
  let before = -1;
  const timer = setInterval(() => {
    const { exchanges, targets } = proxy.seen();
    const requests = Object.values(targets).reduce((sum, target) => sum + target.requests, 0);
    const isQuiet = !isOwn(folder) && exchanges === 0 && requests === before;
    quietLooks = isQuiet ? quietLooks + 1 : 0;
    before = requests;
    if (quietLooks < LOOKS) return;
    clearInterval(timer);
    note('The folder of this proxy is gone and nothing uses it any more.');
    end();
  }, quietMs / LOOKS);
  timer.unref();
}
