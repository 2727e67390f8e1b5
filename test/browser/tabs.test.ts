// More visible tabs than a browser has connections to one host: all of them show what is now, none waits for ever.
import type { Browser, Page, Request } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../engines.ts';
import { readRecording } from '../recordings/format.ts';
import { playRecording } from '../recordings/player.ts';
import { launch, PATIENCE_MS, watchPlayed } from './browser.ts';

const TABS = 8;
/** As in the page: two of the six connections are left for everything else. */
const MOST_STREAMS = 4;

let browser: Browser;
const poll = <T>(ask: () => T | Promise<T>) => expect.poll(ask, { timeout: PATIENCE_MS, interval: 100 });

/** Streams of these pages that are open now. */
function streamsOf(pages: readonly Page[]): Set<Request> {
  const open = new Set<Request>();
  const isStream = (request: Request) => /\/api\/v1\/(live|logs\?.*follow=true)/.test(request.url());
  for (const page of pages) {
    page.on('request', (request) => isStream(request) && open.add(request));
    page.on('requestfailed', (request) => open.delete(request));
    page.on('requestfinished', (request) => open.delete(request));
  }
  return open;
}

describeWith('chromium', 'many visible tabs', () => {
  beforeAll(async () => {
    browser = await launch();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
  }, 60_000);

  it('all show the end of a release, answer at once, and share their connections', async () => {
    const recording = readRecording('broken');
    const player = await playRecording(recording, 1);
    const path = `/releases/${recording.about.release}`;
    const first = await watchPlayed(browser, player, path);
    const others: Page[] = [];
    for (let i = 1; i < TABS; i += 1) others.push(await first.context.newPage());
    const pages = [first.page, ...others];
    const open = streamsOf(pages);
    // One of them also follows the logs, which is a stream too.
    await Promise.all(others.map((page, i) => page.goto(`${player.url}${i === 0 ? '/logs' : path}`)));
    for (const page of pages) await page.locator('main:not([aria-busy])').first().waitFor();
    player.start();
    await player.ended;
    for (const [i, page] of pages.entries())
      if (i !== 1) await poll(() => page.locator('.pill').first().innerText()).toMatch(/Rolled back/);
    for (const page of pages) {
      const status = await page.evaluate(async () => (await fetch('/api/v1/session')).status);
      expect(status).toBe(200);
      expect(await page.locator('.banner').count()).toBe(0);
    }
    await poll(() => open.size).toBeLessThanOrEqual(MOST_STREAMS);
    await poll(() => others[0]?.locator('.foot').innerText() ?? '').toMatch(/lines/);
    expect(first.errors).toEqual([]);
    await first.context.close();
    await player.close();
  }, 180_000);

  it('give a seat to the next when one is closed', async () => {
    const recording = readRecording('waiting');
    const player = await playRecording(recording, 1);
    player.start();
    const first = await watchPlayed(browser, player, '/');
    const others: Page[] = [];
    for (let i = 1; i <= MOST_STREAMS; i += 1) {
      const page = await first.context.newPage();
      await page.goto(`${player.url}/`);
      await page.locator('.verdict').waitFor();
      others.push(page);
    }
    const last = others.at(-1) as Page;
    const open = streamsOf([last]);
    await poll(() => open.size).toBe(1);
    await poll(() => open.size).toBe(0);
    await first.page.close();
    // One that stays open for longer than it takes to ask is a stream.
    const seen = new Map<Request, number>();
    await poll(() => {
      for (const one of open) seen.set(one, seen.get(one) ?? performance.now());
      return [...open].some((one) => performance.now() - (seen.get(one) ?? 0) > 5000);
    }).toBe(true);
    await first.context.close();
    await player.close();
  }, 120_000);
});
