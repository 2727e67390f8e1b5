// The embedded proxy as the product runs it: a process of its own, started by its adapter, amid a release, counts being read.
import { startOurs } from '../dataplane/ours.ts';
import type { Ground, Running } from './targets.ts';

export async function startEmbedded({ dir, upstream, cleanup }: Ground): Promise<Omit<Running, 'name'>> {
  const ours = await startOurs('embedded', dir, upstream, cleanup);
  const [pid = 0] = ours.pids;
  const settle = async () => {
    const { stable, candidate, outside, failures } = await ours.counted();
    const requests = stable + candidate + outside;
    return { requests, candidateShare: requests === 0 ? 0 : candidate / requests, failures };
  };
  return { port: ours.port, pid, settle };
}
