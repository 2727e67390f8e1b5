// How pictures of the page are taken: light, dark and on a phone, each small enough for the docs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';

const FOLDER = join(import.meta.dirname, 'page');
const MOST_BYTES = 150_000;
const SETTLED_MS = 1600;
export const LOOKS = [
  { name: 'light', colorScheme: 'light', width: 1280 },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: 'phone', colorScheme: 'dark', width: 390 },
] as const;
export type Look = (typeof LOOKS)[number];

/** Runs in the browser, which has no types here. */
const PACK = `async ({ source, quality }) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL('image/webp', quality);
}`;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
}

/** A page that the link has signed in. */
export async function openSignedIn(browser: Browser, { colorScheme, width }: Look, link: string): Promise<Page> {
  const viewport = { width, height: 860 };
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  return page;
}

export async function take(browser: Browser, page: Page, path: string, name: string): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}${path}`);
  await page.locator('main:not([aria-busy])').first().waitFor();
  await sleep(SETTLED_MS);
  await save(browser, page, name);
}

/** As WebP, which the browser itself packs; worse and worse until it is small enough. */
export async function save(browser: Browser, shown: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const png = await shown.screenshot({ fullPage: true });
  const page = await browser.newPage();
  for (const quality of [0.92, 0.85, 0.75, 0.6]) {
    const packed = await page.evaluate<string>(
      `(${PACK})(${JSON.stringify({ source: `data:image/png;base64,${png.toString('base64')}`, quality })})`,
    );
    const bytes = Buffer.from(packed.slice(packed.indexOf(',') + 1), 'base64');
    if (bytes.length >= MOST_BYTES && quality > 0.6) continue;
    writeFileSync(join(FOLDER, `${name}.webp`), bytes);
    console.log(`${name}.webp ${Math.round(bytes.length / 1000)} kB`);
    break;
  }
  await page.close();
}
