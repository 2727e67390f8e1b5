// The page of a release while recordings of real ones are told again, fast: what a person has to see when they are over.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../engines.ts';
import { NAMES, type Name, readRecording } from '../recordings/format.ts';
import { type Player, playRecording } from '../recordings/player.ts';
import { found } from './axe.ts';
import { launch, PATIENCE_MS, watchPlayed } from './browser.ts';

const SPEED = 20;

type Seen = {
  readonly pill: RegExp;
  readonly verdict: RegExp;
  /** Of the failed requests; null = there are none. */
  readonly failures: RegExp | null;
  /** Both versions had traffic of their own. */
  readonly hasFork: boolean;
};

const SEEN: Readonly<Record<Name, Seen>> = {
  good: { pill: /Promoted/, verdict: /v2 was promoted after .*s\./, failures: null, hasFork: true },
  broken: {
    pill: /Rolled back/,
    verdict: /v2 was rolled back after .* at 25%\. Errors on v2: 100% against 0%; odds more than 1000:1, limit 100:1/,
    failures: /only v2/,
    hasFork: true,
  },
  slow: {
    pill: /Rolled back/,
    verdict: /v2 was rolled back after .* at 50%\. Requests slower than the p\d\d of v1: 100% on v2/,
    failures: null,
    hasFork: true,
  },
  waiting: {
    pill: /Waiting for traffic/,
    verdict: /Not enough data: v2 of maths needs \d+ more requests at 25%/,
    failures: null,
    hasFork: false,
  },
  lost: { pill: /Ramping, 25%/, verdict: /v2 of maths gets 25% of traffic/, failures: null, hasFork: true },
};

let browser: Browser;

const poll = (ask: () => Promise<string | number>) => expect.poll(ask, { timeout: PATIENCE_MS, interval: 100 });

const open = (player: Player, release: number) => watchPlayed(browser, player, `/releases/${release}`);

async function expectEnd(page: Page, { pill, verdict, failures, hasFork }: Seen): Promise<void> {
  await poll(() => page.locator('.pill').first().innerText()).toMatch(pill);
  await poll(() => page.locator('.verdict').innerText()).toMatch(verdict);
  await poll(() => page.locator('.river path[fill="url(#stable-fill)"]').count()).toBeGreaterThan(0);
  if (hasFork) await poll(() => page.locator('.river path[fill="url(#candidate-fill)"]').count()).toBeGreaterThan(0);
  const table = page.getByRole('region', { name: 'Failed requests table' });
  if (failures === null) await page.getByText('No request has failed.').waitFor();
  else {
    await poll(() => table.innerText()).toMatch(failures);
    await poll(() => page.locator('.river circle.dot').count()).toBeGreaterThan(0);
  }
}

describeWith('chromium', 'the page of a recorded release', () => {
  beforeAll(async () => {
    browser = await launch();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
  }, 60_000);

  it.each(NAMES)(
    'shows "%s" as it went, in both themes',
    async (name) => {
      const recording = readRecording(name);
      const player = await playRecording(recording, SPEED);
      const { page, context, errors } = await open(player, recording.about.release);
      player.start();
      await player.ended;
      await expectEnd(page, SEEN[name]);
      const banner = page.locator('.banner');
      if (name === 'lost')
        await poll(() => banner.innerText()).toMatch(/Live view lost \d+ s ago, showing \d\d:\d\d:\d\d/);
      else expect(await banner.count()).toBe(0);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        expect(await found(page)).toEqual([]);
      }
      // The browser itself says so when nobody answers.
      expect(errors.filter((one) => name !== 'lost' || !one.includes('ERR_'))).toEqual([]);
      await context.close();
      await player.close();
    },
    120_000,
  );

  it('shows the same to who comes when it is over', async () => {
    const recording = readRecording('broken');
    const player = await playRecording(recording, 1000);
    player.start();
    await player.ended;
    const { page, context, errors } = await open(player, recording.about.release);
    await expectEnd(page, SEEN.broken);
    expect(errors).toEqual([]);
    await context.close();
    await player.close();
  }, 120_000);
});
