// What a person finds out about a single failed request, by mouse and by keys, and how the pictures of a page point at one moment.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../engines.ts';
import { readRecording } from '../recordings/format.ts';
import { type Player, playRecording } from '../recordings/player.ts';
import { found } from './axe.ts';
import { launch, PATIENCE_MS, watchPlayed } from './browser.ts';

let browser: Browser;
let player: Player;
const recording = readRecording('broken');

const poll = <T>(ask: () => T | Promise<T>) => expect.poll(ask, { timeout: PATIENCE_MS, interval: 100 });
const dialogOf = (page: Page) => page.locator('dialog.window[open]');
const open = (path = `/releases/${recording.about.release}`) => watchPlayed(browser, player, path);

describeWith('chromium', 'the failed requests of a release', () => {
  beforeAll(async () => {
    browser = await launch();
    player = await playRecording(recording, 1000);
    player.start();
    await player.ended;
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await player?.close();
  }, 60_000);

  it('are shown one by one for a row, by keys alone, and the focus comes back', async () => {
    const { page, context, errors } = await open();
    const row = page.getByRole('button', { name: 'GET /add', exact: true });
    await row.focus();
    await page.keyboard.press('Enter');
    const dialog = dialogOf(page);
    await dialog.waitFor();
    const text = await dialog.innerText();
    expect(text).toMatch(/GET \/add/);
    expect(text).toMatch(/500, answered with an error after \d/);
    expect(text).toMatch(/maths-v2-\d, v2/);
    expect(text).toMatch(/Trace id\s+[0-9a-f]{32}/);
    expect(await found(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await row.evaluate((one) => one === one.ownerDocument.activeElement)).toBe(true);
    expect(errors).toEqual([]);
    await context.close();
  }, 120_000);

  it('are shown for a dot that is clicked', async () => {
    const { page, context } = await open();
    const dot = page.locator('.river circle.dot').last();
    await dot.waitFor();
    const box = await dot.boundingBox();
    await page.mouse.click((box?.x ?? 0) + 2, (box?.y ?? 0) + 2);
    const dialog = dialogOf(page);
    await dialog.waitFor();
    expect(await dialog.getByRole('heading').innerText()).toMatch(/^Failed on v2 at \d\d:\d\d:\d\d$/);
    expect(await dialog.innerText()).toMatch(/maths-v2-\d, v2/);
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dialog.waitFor({ state: 'detached' });
    await context.close();
  }, 120_000);

  it('lead to what their instance wrote in their seconds', async () => {
    const { page, context } = await open();
    const asked: string[] = [];
    page.on('request', (request) => request.url().includes('/api/v1/logs') && asked.push(request.url()));
    await page.getByRole('button', { name: 'GET /add', exact: true }).click();
    await dialogOf(page).getByRole('link', { name: 'What it wrote then' }).first().click();
    await page.getByRole('heading', { name: 'Logs' }).waitFor();
    await poll(() => asked.length).toBeGreaterThan(0);
    const search = new URL(asked[0] ?? '').searchParams;
    expect(search.get('instance')).toMatch(/^maths-v2-/);
    expect(search.get('follow')).toBe('false');
    expect(Number(search.get('until')) - Number(search.get('since'))).toBeLessThan(20_000);
    expect(await page.locator('.foot').innerText()).toMatch(
      /friday logs maths@v2 --since \S+T[\d:]{8}Z --until \S+T[\d:]{8}Z/,
    );
    await page
      .getByRole('button', { name: /take it off$/ })
      .last()
      .click();
    await poll(() => page.url()).not.toContain('until=');
    await context.close();
  }, 120_000);

  it('and the moment that is pointed at are one in river and journal', async () => {
    const { page, context } = await open();
    const river = page.locator('.river svg[role=img]');
    await river.waitFor();
    const box = await river.boundingBox();
    await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) * 0.7, (box?.y ?? 0) + 100);
    await poll(() => river.locator('.pointer text').innerHTML()).toMatch(
      /\d\d:\d\d:\d\d {2}v1 \S+ req\/s {2}v2 \S+ req\/s/,
    );
    await poll(() => page.locator('.journal .held').count()).toBe(1);
    await page.locator('.journal li').nth(1).hover();
    await poll(() => river.locator('.pointer').count()).toBe(1);
    const time = await page.locator('.journal li').nth(1).locator('time').innerText();
    expect(await river.locator('.pointer text').innerHTML()).toContain(time);
    await page.mouse.move(5, 5);
    await poll(() => river.locator('.pointer').count()).toBe(0);
    await context.close();
  }, 120_000);

  it('can be read without the pictures: river and latency have their numbers', async () => {
    const { page, context } = await open();
    await page.locator('.river').getByRole('button', { name: 'table' }).click();
    const table = page.getByRole('region', { name: 'Traffic as a table' });
    expect(await table.innerText()).toMatch(/v2 failed/);
    expect(await page.getByRole('table', { name: 'Latency by version' }).innerText()).toMatch(/v2\s+\S+ ms/);
    expect(await found(page)).toEqual([]);
    await context.close();
  }, 120_000);
});

describeWith('chromium', 'the charts of a service', () => {
  it('have one cursor for all, a mark for what is known of a single moment, and a table each', async () => {
    const own = await launch();
    const alone = { ...recording, answers: { ...recording.answers, ranges: onlyOneIn(recording.answers.ranges) } };
    const played = await playRecording(alone, 1000);
    played.start();
    await played.ended;
    const { page, context } = await watchPlayed(own, played, `/services/${recording.about.service}`);
    const charts = page.locator('.chart svg[role=img]');
    await poll(() => charts.count()).toBeGreaterThan(3);
    const count = await charts.count();
    await poll(() => page.locator('.chart', { hasText: 'Errors' }).locator('circle.alone').count()).toBeGreaterThan(0);
    const box = await charts.first().boundingBox();
    await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + 60);
    await poll(() => page.locator('.chart .pointer').count()).toBe(count);
    expect(await page.locator('.chart').getByRole('button', { name: 'table' }).count()).toBe(count);
    await context.close();
    await played.close();
    await own.close();
  }, 120_000);
});

/** Of every series only its last value is left. */
function onlyOneIn<T extends Record<string, { series: readonly { values: readonly (number | null)[] }[] }>>(
  ranges: T,
): T {
  const only = (values: readonly (number | null)[]) => {
    const last = values.findLastIndex((value) => value !== null);
    return values.map((value, i) => (i === last ? value : null));
  };
  return Object.fromEntries(
    Object.entries(ranges).map(([by, range]) => [
      by,
      { ...range, series: range.series.map((one) => ({ ...one, values: only(one.values) })) },
    ]),
  ) as unknown as T;
}
