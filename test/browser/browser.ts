// The system's Chromium on the page of a real control plane: signed in by a link, watched for errors.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { ReleaseView } from '../../src/api/views.ts';
import type { Stage } from '../../src/cli/demo/stage.ts';
import type { Player } from '../recordings/player.ts';

export const RELEASED = 'maths';
/** Machines may be slow; nothing here is about speed. */
export const PATIENCE_MS = 40_000;

export function launch(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [...args, '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
  });
}

/** Where the page is; null while no control plane is announced. */
export function urlOf(stage: Pick<Stage, 'stateDir'>): string {
  const { url } = JSON.parse(readFileSync(join(stage.stateDir, 'daemon.json'), 'utf8')) as { url: string };
  return url;
}

export type Seat = {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the console said that it should not have, and pages that threw. */
  readonly errors: string[];
};

/** A browser of its own, signed in by a one-time link: `name` null = as admin of the machine. */
export async function sitDown(
  browser: Browser,
  stage: Stage,
  options: BrowserContextOptions & { readonly as?: string | null } = {},
): Promise<Seat> {
  const { as = null, ...rest } = options;
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
    ...rest,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const errors = listenForErrors(page);
  const { code } = await stage.client.access.createLink(as);
  await page.goto(`${urlOf(stage)}/sign-in#${code}`);
  // The link leads to the overview, with nothing of it left in the address.
  await page.getByRole('heading', { name: 'Services' }).waitFor();
  return { context, page, errors };
}

/** Signed in as root, on a page of a control plane that plays a recording. */
export async function watchPlayed(
  browser: Browser,
  player: Pick<Player, 'url' | 'client'>,
  path: string,
  options: BrowserContextOptions = {},
): Promise<Seat> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const errors = listenForErrors(page);
  const { code } = await player.client.access.createLink(null);
  await page.goto(`${player.url}/sign-in#${code}`);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.goto(`${player.url}${path}`);
  await page.locator('main:not([aria-busy])').first().waitFor();
  return { page, context, errors };
}

export function listenForErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  return errors;
}

/** Goes to another address without loading the page anew. */
export async function goTo(page: Page, stage: Stage, path: string): Promise<void> {
  await page.goto(`${urlOf(stage)}${path}`);
  await page.locator('main:not([aria-busy])').first().waitFor();
}

/** How long each step of the next release lasts; short where a story has to end, long where somebody has to act. */
export async function setBake(stage: Stage, bake: string): Promise<void> {
  const { file } = await stage.client.status();
  const override = join(dirname(file), 'compose.override.yaml');
  writeFileSync(override, readFileSync(override, 'utf8').replace(/bake: \w+/, `bake: ${bake}`));
}

export async function until(
  stage: Stage,
  id: number,
  is: (view: ReleaseView) => boolean,
  why: string,
): Promise<ReleaseView> {
  const deadline = performance.now() + 90_000;
  for (;;) {
    const view = await stage.client.release(id);
    if (is(view)) return view;
    if (performance.now() > deadline)
      throw new Error(`Waited in vain until ${why}: it is ${view.state}. ${view.sentence}`);
    await sleep(200);
  }
}

/** Ends what is under way, so that the next test begins with a quiet service. */
export async function calm(stage: Stage): Promise<void> {
  const service = await stage.client.service(RELEASED);
  if (service.release === null) return;
  const id = service.release;
  await stage.client.rollBack(RELEASED).catch(() => undefined);
  await until(stage, id, (view) => view.isOver, 'the release ends');
}
