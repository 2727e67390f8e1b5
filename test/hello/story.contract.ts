// What the tutorial of examples/hello promises, whatever it runs on: each step is the commands of its README, under load.
import { afterAll, describe, expect, it } from 'vitest';
import { type Load, startLoad } from './load.ts';
import { type Tutorial, until } from './tutorial.ts';

export type Variant = {
  /** Heading of the README: how it is deployed. */
  readonly deploy: string;
  /** Kills an instance, as the README does. */
  readonly kill: () => Promise<unknown>;
  /** A look at the engine: what runs is what the variant promises. */
  readonly runs: () => Promise<void>;
  /** Steps of this variant alone, between the scaling and the end, with the load of the others. */
  readonly more?: (load: () => Load) => void;
};

type Service = {
  readonly state: string;
  readonly version: number;
  readonly ready: number;
  readonly wanted: number;
  readonly instances: readonly { readonly id: string; readonly handle: string; readonly restarts: number }[];
};

export async function serviceOf(tutorial: Tutorial): Promise<Service> {
  const { out, err } = await tutorial.shell('friday status hello --json');
  if (!out.startsWith('{')) throw new Error(out + err);
  return JSON.parse(out);
}

/** Waits until so many instances are ready and none is on its way. */
export function settled(tutorial: Tutorial, count: number): Promise<void> {
  const isQuiet = async () => {
    const { state, ready, wanted, instances } = await serviceOf(tutorial);
    return state === 'healthy' && ready === count && wanted === count && instances.length >= count;
  };
  return until(isQuiet, async () => JSON.stringify(await serviceOf(tutorial), null, 1));
}

/** Each step begins where the one before ended: none is repeated, and what follows a failure fails too. */
export function tellStory(tutorialOf: () => Tutorial, variant: Variant): void {
  describe('in the order of its tutorial', { retry: 0, timeout: 120_000 }, () => {
    let load: Load | null = null;
    let requests: ReturnType<Tutorial['sendRequests']> | null = null;
    afterAll(async () => {
      await load?.end();
      await requests?.end();
    });
    const running = () => {
      if (load === null) throw new Error('The load has not begun.');
      return load;
    };

    it('is deployed with one command, and answers', async () => {
      await tutorialOf().run(variant.deploy);
      await settled(tutorialOf(), 2);
      const { port } = new URL(tutorialOf().address);
      const redirected = `308 https://localhost:${port}/hello`;
      expect(await tutorialOf().run('Ask')).toBe(`{"hello":"world"}\n${redirected}\n`);
      await variant.runs();
    });

    it('is released under load without a failed request', async () => {
      load = startLoad(`${tutorialOf().address}/hello`);
      requests = tutorialOf().sendRequests();
      const out = await tutorialOf().run('Release');
      expect(out).toMatch(/hello v2 promoted.*\n/);
      expect(out).toMatch(/{"hello":"friday"}\n$/);
      expect(running().failures).toEqual([]);
    });

    it('is taken back by itself when it is broken; only the new version fails', async () => {
      const out = await tutorialOf().run('Release something broken');
      expect(out).toContain('taken back: status 10\n{"hello":"friday"}\n');
      expect(running().failures.filter((words) => !words.endsWith('status 500 of v3'))).toEqual([]);
      const seen = await requests?.end();
      expect(seen?.filter((status) => status !== '500')).toEqual([]);
      requests = tutorialOf().sendRequests();
    });

    it('goes back to an old version in one command', async () => {
      const before = running().failures.length;
      expect(await tutorialOf().run('Roll back')).toMatch(/{"hello":"world"}\n$/);
      expect((await serviceOf(tutorialOf())).version).toBe(1);
      expect(running().failures.slice(before)).toEqual([]);
    });

    it('heals when an instance is killed; only requests in flight on it may fail', async () => {
      const before = running().failures.length;
      await settled(tutorialOf(), 2);
      const old = (await serviceOf(tutorialOf())).instances;
      const beginnings = new Map(old.map(({ id, restarts }) => [id, restarts]));
      await variant.kill();
      const isHealed = async () => {
        const { ready, instances } = await serviceOf(tutorialOf());
        return ready === 2 && instances.some(({ id, restarts }) => restarts > (beginnings.get(id) ?? -1));
      };
      await until(isHealed, async () => JSON.stringify(await serviceOf(tutorialOf()), null, 1));
      expect(running().failures.slice(before)).toEqual([]);
    });

    it('grows and shrinks without a failed request', async () => {
      const before = running().failures.length;
      await tutorialOf().run('Scale up');
      await settled(tutorialOf(), 4);
      await tutorialOf().run('Scale down');
      await settled(tutorialOf(), 2);
      expect(running().failures.slice(before)).toEqual([]);
    });

    variant.more?.(running);

    it('has answered everything', async () => {
      await running().end();
      expect(await requests?.end()).toEqual([]);
      expect(running().sent()).toBeGreaterThan(300);
      await tutorialOf().run('Clean up');
      expect((await tutorialOf().shell('curl -s -o /dev/null http://localhost:8080/hello')).code).not.toBe(0);
    });
  });
}
