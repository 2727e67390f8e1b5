// A person in front of the page while real versions of the calculator are released: what they see, and what they do.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openStage, type Stage } from '../../src/cli/demo/stage.ts';
import { describeWith } from '../engines.ts';
import { calm, goTo, launch, PATIENCE_MS, RELEASED, type Seat, setBake, sitDown, until } from './browser.ts';

let browser: Browser;
let stage: Stage;

const pill = (page: Page) => page.locator('.pill').first();
const press = (page: Page, key: string) => page.keyboard.press(key);

async function see(page: Page, words: RegExp): Promise<void> {
  await expect.poll(() => pill(page).innerText(), { timeout: 90_000, interval: 100 }).toMatch(words);
}

describeWith('chromium', 'the page of a release', () => {
  beforeAll(async () => {
    browser = await launch();
    stage = await openStage(60);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  }, 60_000);

  beforeEach(() => calm(stage), 120_000);

  async function watching(id: number, as: string | null = null): Promise<Seat> {
    const seat = await sitDown(browser, stage, { as });
    await goTo(seat.page, stage, `/releases/${id}`);
    return seat;
  }

  it('shows a broken version as it is rolled back by itself, with what failed', async () => {
    await setBake(stage, '8s');
    const { id, version } = await stage.release('broken');
    const { page, context, errors } = await watching(id);
    await see(page, /Rolled back/);
    await expect.poll(() => page.locator('.verdict').innerText()).toMatch(/was rolled back|100% against|odds/);
    await expect.poll(() => page.title()).toMatch(/^✕ maths v\d+, rolled back/);
    await expect
      .poll(() => page.getByRole('region', { name: 'Failed requests table' }).innerText(), { timeout: PATIENCE_MS })
      .toContain(`v${version}`);
    await expect.poll(() => page.locator('circle.dot').count(), { timeout: PATIENCE_MS }).toBeGreaterThan(0);
    expect(await page.getByRole('button', { name: /Promote/ }).count()).toBe(0);
    expect(errors).toEqual([]);
    await context.close();
  }, 180_000);

  it('goes through a finished release with the slider: what the judge said then', async () => {
    const [newest] = await stage.client.releases({ service: RELEASED, limit: 1 });
    const { page, context, errors } = await watching(newest?.id ?? 0);
    const slider = page.getByRole('slider', { name: 'Time within the release' });
    await slider.focus();
    await press(page, 'Home');
    await expect.poll(() => page.locator('.verdict').innerText()).toMatch(/At this moment/);
    await press(page, 'End');
    await expect.poll(() => page.locator('.verdict').innerText()).not.toMatch(/At this moment/);
    await page.getByRole('heading', { name: /^Settings compared with v/ }).waitFor();
    await page.getByRole('button', { name: 'Replay this release' }).click();
    await expect.poll(() => page.getByRole('button', { name: 'Stop the replay' }).count()).toBe(1);
    expect(errors).toEqual([]);
    await context.close();
  }, 120_000);

  it('restarts an instance by button, asking once, and another one takes its place', async () => {
    const idsOf = async () => (await stage.client.service(RELEASED)).instances.map((one) => one.id);
    const [first = ''] = await idsOf();
    const { page, context, errors } = await sitDown(browser, stage);
    await goTo(page, stage, `/services/${RELEASED}`);
    const button = page.getByRole('button', { name: `Restart ${first}`, exact: true });
    const question = page.getByRole('group', { name: /^Restart / });
    await button.click();
    expect(await question.innerText()).toContain(`friday restart ${RELEASED} --instance ${first}`);
    await press(page, 'Escape');
    await question.waitFor({ state: 'detached' });
    expect(await idsOf()).toContain(first);
    await button.click();
    await page.getByRole('button', { name: /^Yes/ }).click();
    await expect.poll(idsOf, { timeout: PATIENCE_MS }).not.toContain(first);
    expect((await stage.client.service(RELEASED)).state).toBe('healthy');
    expect(errors).toEqual([]);
    await context.close();
  }, 180_000);

  it('drains an instance by button, shows until when it runs on, brings it back and stops it', async () => {
    const instances = async () => (await stage.client.service(RELEASED)).instances;
    const idsOf = async () => (await instances()).map((one) => one.id).sort();
    const before = await idsOf();
    const [first = ''] = before;
    const { page, context, errors } = await sitDown(browser, stage);
    await goTo(page, stage, `/services/${RELEASED}`);
    const order = async (act: string, flag: string) => {
      await page.getByRole('button', { name: `${act} ${first}`, exact: true }).click();
      const question = page.getByRole('group', { name: new RegExp(`^${act.split(' ')[0]} `) });
      expect(await question.innerText()).toContain(`friday drain ${RELEASED} --instance ${first}${flag}`);
      await page.getByRole('button', { name: /^Yes/ }).click();
      await question.waitFor({ state: 'detached' });
    };
    const row = page.getByRole('row', { name: new RegExp(`^${first} `) });
    const isOut = () =>
      expect.poll(() => row.innerText(), { timeout: PATIENCE_MS }).toMatch(/▽ drained until \d\d:\d\d/);
    await order('Drain', '');
    await isOut();
    const { ready, wanted, state } = await stage.client.service(RELEASED);
    expect([ready, state]).toEqual([wanted, 'healthy']);
    await order('Bring back', ' --back');
    await expect.poll(idsOf, { timeout: PATIENCE_MS }).toEqual(before);
    await expect.poll(() => row.innerText(), { timeout: PATIENCE_MS }).toContain('✓ ready');
    await order('Drain', '');
    await isOut();
    await order('Stop', ' --stop');
    await expect.poll(idsOf, { timeout: PATIENCE_MS }).not.toContain(first);
    expect((await stage.client.service(RELEASED)).state).toBe('healthy');
    expect(errors).toEqual([]);
    await context.close();
  }, 180_000);

  it('shows the share that the proxy counted, within a point, at each step', async () => {
    await setBake(stage, '22s');
    const { id } = await stage.release('good');
    const { page, context, errors } = await watching(id);
    for (const weight of [25, 50]) {
      await until(stage, id, (view) => view.weight === weight, `it gets ${weight}%`);
      // Shown and counted a moment apart they may differ by that moment's requests; a picture that lies never agrees.
      await expect
        .poll(async () => Math.abs((await shownShare(page, id)) - (await countedShare(stage, id, weight))), {
          timeout: 20_000,
          interval: 300,
        })
        .toBeLessThanOrEqual(1);
    }
    await until(stage, id, (view) => view.state === 'promoted', 'it is promoted');
    await see(page, /Promoted/);
    expect(errors).toEqual([]);
    await context.close();
  }, 240_000);

  it('pauses, goes on and rolls back by key, asking once; Escape takes a question back', async () => {
    await setBake(stage, '10m');
    const { id } = await stage.release('good');
    const { page, context, errors } = await watching(id);
    await see(page, /Ramping, 2\d%/);
    await press(page, 'Space');
    await page.getByRole('group', { name: /^Hold v/ }).waitFor();
    await press(page, 'Escape');
    expect((await stage.client.release(id)).state).toBe('ramping');
    await press(page, 'Space');
    await press(page, 'Enter');
    await see(page, /Paused/);
    await press(page, 'p');
    await page.getByRole('group', { name: /go on/ }).waitFor();
    await press(page, 'Enter');
    await until(stage, id, (view) => view.state === 'ramping', 'it goes on');
    await see(page, /Ramping/);
    await press(page, 'r');
    const question = page.getByRole('group', { name: /^Roll maths back to v/ });
    expect(await question.innerText()).toContain('friday rollback maths');
    await press(page, 'Enter');
    await see(page, /Rolled back/);
    expect((await stage.client.release(id)).state).toBe('rolled_back');
    expect(errors).toEqual([]);
    await context.close();
  }, 240_000);

  it('promotes and rolls back by button', async () => {
    await setBake(stage, '10m');
    const { id } = await stage.release('good');
    const { page, context } = await watching(id);
    await see(page, /Ramping, 2\d%/);
    await page.getByRole('button', { name: /Promote now/ }).click();
    await page.getByRole('button', { name: /^Yes/ }).click();
    await until(stage, id, (view) => view.weight === 50, 'it gets the next step');
    await page.getByRole('button', { name: /Roll back/ }).click();
    await page.getByRole('button', { name: /^Yes/ }).click();
    await see(page, /Rolled back/);
    await context.close();
  }, 240_000);

  it('does not let a viewer act, whatever they send', async () => {
    await stage.client.access.addPerson({ name: 'vera', role: 'viewer', password: null });
    await setBake(stage, '10m');
    const { id } = await stage.release('good');
    const { page, context } = await watching(id, 'vera');
    await see(page, /Ramping|Starting/);
    expect(await page.locator('.acts button').count()).toBe(0);
    await press(page, 'r');
    await press(page, 'Enter');
    const status = await page.evaluate(async () => {
      const { csrf } = (await (await fetch('/api/v1/session')).json()) as { csrf: string };
      const headers = { 'content-type': 'application/json', 'x-friday-csrf': csrf };
      const order = { method: 'POST', headers, body: '{}' };
      return (await fetch('/api/v1/services/maths/rollback', order)).status;
    });
    expect(status).toBe(403);
    expect((await stage.client.release(id)).isOver).toBe(false);
    await context.close();
  }, 240_000);
});

/** What the page says that the candidate has, in percent; NaN while it says nothing. */
async function shownShare(page: Page, id: number): Promise<number> {
  const texts = await page.locator('.arm-label').allInnerTexts();
  const label =
    (await page.locator('.arm-label', { hasText: 'candidate' }).first().textContent({ timeout: 5000 })) ?? '';
  if (texts.length === 0 || id === 0) return Number.NaN;
  return Number.parseFloat(label);
}

/** Of the last 15 s under this weight, from what the proxy gave to the judge second by second. */
async function countedShare(stage: Stage, id: number, weight: number): Promise<number> {
  let text = '';
  for await (const part of await stage.client.ticks(id)) text += part;
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .slice(1)
    .map(
      (line) =>
        JSON.parse(line) as { tick: number; arm: string | null; weight: number; epoch: number; requests: number },
    );
  const epoch = Math.max(...lines.map((line) => line.epoch));
  const last = Math.max(...lines.map((line) => line.tick));
  const late = lines.filter((line) => line.epoch === epoch && line.weight === weight && line.tick > last - 15);
  const sum = (arm: string) => late.filter((line) => line.arm === arm).reduce((all, line) => all + line.requests, 0);
  return (100 * sum('candidate')) / (sum('candidate') + sum('stable'));
}
