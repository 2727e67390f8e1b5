// Every page in both themes: nothing that axe finds, nothing on the console, nothing wider than a phone; keys, and what happens without a control plane.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Request } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStage, type Stage } from '../../src/cli/demo/stage.ts';
import { startDaemon } from '../../src/server/daemon.ts';
import { describeWith } from '../engines.ts';
import { found } from './axe.ts';
import { goTo, launch, listenForErrors, PATIENCE_MS, RELEASED, setBake, sitDown, until, urlOf } from './browser.ts';

const ROOT = resolve(import.meta.dirname, '../..');

let browser: Browser;
let stage: Stage;
/** One that was rolled back and one that is under way. */
let releases: { over: number; live: number };

const pages = () => [
  '/',
  '/services',
  `/services/${RELEASED}`,
  '/releases',
  `/releases/${releases.over}`,
  `/releases/${releases.live}`,
  '/logs',
  '/settings',
  '/nowhere',
];

describeWith('chromium', 'every page', () => {
  beforeAll(async () => {
    browser = await launch();
    stage = await openStage(40);
    const { id: over } = await stage.release('broken');
    await until(stage, over, (view) => view.isOver, 'the broken one is rolled back');
    await setBake(stage, '20m');
    const { id: live } = await stage.release('good');
    await until(stage, live, (view) => view.candidate.requests > 30, 'the good one gets traffic');
    releases = { over, live };
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  }, 60_000);

  it.each(['light', 'dark'] as const)(
    'has nothing that axe finds and says nothing on the console, %s',
    async (colorScheme) => {
      const { page, context, errors } = await sitDown(browser, stage, { colorScheme });
      const wrong: string[] = [];
      for (const path of pages()) {
        await goTo(page, stage, path);
        await expect.poll(() => page.locator('.loading').count(), { timeout: PATIENCE_MS }).toBe(0);
        for (const one of await found(page)) wrong.push(`${path} ${one}`);
      }
      expect(wrong).toEqual([]);
      expect(errors).toEqual([]);
      await context.close();
    },
    240_000,
  );

  it('has nothing that axe finds where somebody signs in', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(urlOf(stage));
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
    expect(await found(page)).toEqual([]);
    await context.close();
  }, 120_000);

  it('is never wider than a phone of 390 pixels', async () => {
    const { page, context } = await sitDown(browser, stage, { viewport: { width: 390, height: 844 } });
    const wide: string[] = [];
    for (const path of pages()) {
      await goTo(page, stage, path);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 390) wide.push(`${path} is ${width} px wide`);
    }
    expect(wide).toEqual([]);
    await context.close();
  }, 120_000);

  it('does not move for who wants less motion', async () => {
    const { page, context } = await sitDown(browser, stage, { reducedMotion: 'reduce' });
    await goTo(page, stage, `/releases/${releases.live}`);
    await page.locator('.river svg').waitFor();
    expect(await page.locator('.specks circle').count()).toBe(0);
    await context.close();
  }, 120_000);

  it('is found by keys: skip link, ⌘K with the verbs of the command line, letters for pages', async () => {
    const { page, context } = await sitDown(browser, stage);
    await goTo(page, stage, '/');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('To the content');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'A verb' }).fill(`logs ${RELEASED}`);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain(`/logs?service=${RELEASED}`);
    await page.getByRole('log').focus();
    await page.keyboard.press('e');
    await expect.poll(() => page.url()).toMatch(/\/releases$/);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'A verb' }).fill('roll back maths');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('#palette-list [role=option]').first().innerText()).toContain('↵ says yes');
    await page.keyboard.press('Escape');
    expect((await stage.client.release(releases.live)).isOver).toBe(false);
    await context.close();
  }, 120_000);

  it('tells its keys by ?, and runs by name what has no key', async () => {
    const { page, context, errors } = await sitDown(browser, stage);
    await goTo(page, stage, '/services');
    await page.keyboard.press('?');
    const keys = page.getByRole('dialog', { name: 'Keys' });
    expect(await keys.innerText()).toMatch(/R\s+roll it back/);
    expect(await found(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await keys.waitFor({ state: 'detached' });
    const run = async (words: string) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'A verb' }).fill(words);
      await page.keyboard.press('Enter');
    };
    await run('theme dark');
    await expect.poll(() => page.evaluate('document.documentElement.dataset.theme')).toBe('dark');
    for (const verb of ['promote', 'pause', 'rollback']) {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'A verb' }).fill(`friday ${verb} ${RELEASED}`);
      await expect.poll(() => page.locator('#palette-list [role=option]').count()).toBeGreaterThan(0);
      await page.keyboard.press('Escape');
    }
    expect(errors).toEqual([]);
    await context.close();
  }, 120_000);

  it('signs in by a link once, and by password; a second use of the link is refused', async () => {
    await stage.client.access.addPerson({ name: 'ana', role: 'releaser', password: 'correct horse battery' });
    const { code } = await stage.client.access.createLink('ana');
    for (const isFirst of [true, false]) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(`${urlOf(stage)}/sign-in#${code}`);
      const sign = page.getByRole('button', { name: 'Sign in', exact: true });
      if (isFirst) await page.getByRole('navigation', { name: 'Main' }).waitFor();
      else {
        await sign.waitFor();
        await page.getByLabel('Name').fill('ana');
        await page.getByLabel('Password').fill('correct horse battery');
        await sign.click();
        await page.getByRole('navigation', { name: 'Main' }).waitFor();
      }
      expect(await page.locator('.who summary').innerText()).toContain('ana');
      await context.close();
    }
  }, 120_000);

  it('has one stream, which ends while the tab is hidden and is there again when it is seen', async () => {
    const { page, context } = await sitDown(browser, stage);
    const open = new Set<Request>();
    const isLive = (request: Request) => request.url().includes('/api/v1/live');
    page.on('request', (request) => isLive(request) && open.add(request));
    page.on('requestfailed', (request) => open.delete(request));
    await goTo(page, stage, `/releases/${releases.live}`);
    await expect.poll(() => page.locator('.verdict').count()).toBe(1);
    await expect.poll(() => open.size).toBe(1);
    const setHidden = (isHidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { value, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, isHidden);
    await setHidden(true);
    await expect.poll(() => open.size).toBe(0);
    await setHidden(false);
    await expect.poll(() => open.size).toBe(1);
    expect([...open][0]?.url()).toContain(`release=${releases.live}`);
    await context.close();
  }, 120_000);

  it('says that the view is old when the control plane is killed, and recovers when it is back', async () => {
    const { page, context } = await sitDown(browser, stage);
    const errors = listenForErrors(page);
    await goTo(page, stage, '/');
    const url = new URL(urlOf(stage));
    const { pid, file } = await stage.client.status();
    process.kill(pid, 'SIGKILL');
    const banner = page.locator('.banner');
    await banner.waitFor();
    expect(await banner.innerText()).toMatch(/Live view lost \d+ s ago, showing \d\d:\d\d:\d\d/);
    await startDaemon({
      stateDir: stage.stateDir,
      socketPath: join(stage.stateDir, 'friday.sock'),
      args: ['serve', '--file', file, '--port', url.port],
      cwd: resolve(file, '..'),
      environment: { ...process.env, FRIDAY_STATE_DIR: resolve(stage.stateDir, '..') },
      timeoutMs: PATIENCE_MS,
    });
    await banner.waitFor({ state: 'detached' });
    await expect.poll(() => page.locator('.verdict').innerText()).toContain('maths');
    expect(errors.filter((one) => !one.includes('ERR_'))).toEqual([]);
    await context.close();
  }, 180_000);

  it('is at most 60 kB of packed JavaScript in all', () => {
    const folder = join(ROOT, 'web/dist/assets');
    const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));
    const size = scripts.reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(folder, name)), { level: 9 }).length,
      0,
    );
    expect(scripts.length).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(60_000);
  });
});
