// Hundreds of services, and names as long as they may be: the page stays quick, and as narrow as a phone.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../engines.ts';
import { readRecording } from '../recordings/format.ts';
import { nameOf, renamed, withLongWords, withMany } from '../recordings/many.ts';
import { playRecording } from '../recordings/player.ts';
import { found } from './axe.ts';
import { launch, PATIENCE_MS, watchPlayed } from './browser.ts';

const MANY = 200;
/** A piece with 200 services: ten times what it takes on a quiet machine. */
const GENEROUS_MS = 3000;

let browser: Browser;
const poll = <T>(ask: () => T | Promise<T>) => expect.poll(ask, { timeout: PATIENCE_MS, interval: 100 });

describeWith('chromium', 'hundreds of services', () => {
  beforeAll(async () => {
    browser = await launch();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
  }, 60_000);

  it('are all there, found by typing, and only what changed is drawn anew', async () => {
    const player = await playRecording(withMany(readRecording('good'), MANY), 1);
    const { page, context, errors } = await watchPlayed(browser, player, '/');
    const rows = page.locator('.services tbody tr:not([hidden])');
    await poll(() => rows.count()).toBeGreaterThanOrEqual(MANY);
    const change = 'globalThis.changed = []';
    await page.evaluate(`${change}; new MutationObserver((all) => globalThis.changed.push(...all.map((one) => one.type)))
      .observe(document.querySelector('.services tbody'), { subtree: true, childList: true, attributes: true })`);
    player.start();
    const rate = page.locator('.services tbody tr', { hasText: nameOf(21) }).locator('.rate');
    const before = await rate.innerText();
    await poll(() => rate.innerText()).not.toBe(before);
    // The words in cells changed; no row was made anew or moved but those that are ill or released.
    const changed = (await page.evaluate('globalThis.changed')) as string[];
    expect(changed.filter((type) => type === 'childList').length).toBeLessThan(MANY / 4);
    const filter = page.getByRole('searchbox', { name: 'Filter services' });
    await filter.fill('service-019');
    await poll(() => rows.count()).toBe(1);
    expect(await page.locator('#services-title').innerText()).toMatch(/1 of 20\d/);
    await filter.fill('nothing is called that');
    await page.getByText('No service is called that.').waitFor();
    expect(await found(page)).toEqual([]);
    const began = performance.now();
    await filter.fill('');
    await poll(() => rows.count()).toBeGreaterThanOrEqual(MANY);
    expect(performance.now() - began).toBeLessThan(GENEROUS_MS);
    expect(errors).toEqual([]);
    await context.close();
    await player.close();
  }, 120_000);

  it('let somebody be asked once and say yes, though a new frame comes in between', async () => {
    const player = await playRecording(withMany(readRecording('good'), MANY), 1);
    const { page, context } = await watchPlayed(browser, player, '/');
    const rate = page.locator('.services tbody tr', { hasText: nameOf(21) }).locator('.rate');
    await rate.waitFor();
    player.start();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'A verb' }).fill('sign out');
    await page.keyboard.press('Enter');
    const option = page.locator('#palette-list [role=option]').first();
    await poll(() => option.innerText()).toContain('↵ says yes');
    const before = await rate.textContent();
    await poll(() => rate.textContent()).not.toBe(before);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    await context.close();
    await player.close();
  }, 120_000);

  it.each([390, 1280])(
    'with long names and words are no wider than a screen of %i pixels, on any page',
    async (width) => {
      const long = nameOf(3);
      const recording = renamed(withLongWords(withMany(readRecording('broken'), 20)), long);
      const player = await playRecording(recording, 1000);
      player.start();
      await player.ended;
      const { page, context } = await watchPlayed(browser, player, '/', { viewport: { width, height: 844 } });
      const wrong: string[] = [];
      const query = `?service=${long}`;
      const release = `/releases/${recording.about.release}`;
      for (const path of ['/', '/services', `/services/${long}`, `/releases${query}`, release, `/logs${query}`]) {
        await page.goto(`${player.url}${path}`);
        await page.locator('main:not([aria-busy])').first().waitFor();
        await poll(() => page.locator('.loading').count()).toBe(0);
        const is = (await page.evaluate('document.documentElement.scrollWidth')) as number;
        if (is > width) wrong.push(`${path} is ${is} px wide`);
      }
      await page.goto(`${player.url}${release}`);
      await page.getByRole('button', { name: 'GET /add' }).click();
      const window = page.locator('dialog.window[open]');
      await window.waitFor();
      if (await window.evaluate((one) => one.scrollWidth > one.clientWidth)) wrong.push('a window is too wide');
      expect(wrong).toEqual([]);
      await context.close();
      await player.close();
    },
    120_000,
  );

  it('are printed light, with everything that is folded', async () => {
    const recording = readRecording('broken');
    const player = await playRecording(recording, 1000);
    player.start();
    await player.ended;
    const path = `/releases/${recording.about.release}`;
    const { page, context } = await watchPlayed(browser, player, path, { colorScheme: 'dark' });
    await page.locator('.receipt').waitFor();
    await page.emulateMedia({ media: 'print' });
    const seen = 'getComputedStyle(document.body).backgroundColor';
    await poll(() => page.evaluate(seen)).toBe('rgb(250, 249, 247)');
    expect(await page.getByRole('navigation', { name: 'Main' }).isVisible()).toBe(false);
    expect(await page.locator('.receipt dl').isVisible()).toBe(true);
    await context.close();
    await player.close();
  }, 120_000);
});
