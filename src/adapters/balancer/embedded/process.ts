// How the proxy is started as a process of its own.
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProxyLimits } from '../../../proxy/limits.ts';
import { startIn } from '../start.ts';

export type ProcessOptions = {
  readonly dir: string;
  /** The Node that runs the proxy; this process's own when absent. */
  readonly nodePath?: string;
  /** In place of the defaults. */
  readonly limits?: Partial<ProxyLimits>;
};

/** Twice the usual, in MiB: what requests leave behind is swept half as often, and the longest answers get shorter. */
const YOUNG_SPACE = '--max-semi-space-size=32';
const START_MS = 10_000;

/** Returns once a proxy answers in the folder. Failure: `unavailable`. */
export function startProxy({ dir, nodePath = process.execPath, limits = {} }: ProcessOptions): Promise<void> {
  const given = Object.entries(limits).flatMap(([name, value]) => ['--limit', `${name}=${value}`]);
  const args = [YOUNG_SPACE, mainPath(), '--dir', dir, ...given];
  return startIn(dir, { name: 'The proxy', nodePath, args, startMs: START_MS });
}

/** Beside this file's folder in both forms: `.ts` unbuilt, `.js` compiled. */
function mainPath(): string {
  return fileURLToPath(new URL(`../../../proxy/main${extname(import.meta.url)}`, import.meta.url));
}
