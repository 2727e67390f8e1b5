// Takes the pictures of the page for the docs from the real thing: node docs/images/make-page-pictures.ts
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { ReleaseView } from '../../src/api/views.ts';
import { openStage, type Stage } from '../../src/cli/demo/stage.ts';

const FOLDER = join(import.meta.dirname, 'page');
const MOST_BYTES = 150_000;
const LOOKS = [
  { name: 'light', colorScheme: 'light', width: 1280 },
  { name: 'dark', colorScheme: 'dark', width: 1280 },
  { name: 'phone', colorScheme: 'dark', width: 390 },
] as const;

/** Runs in the browser, which has no types here. */
const PACK = `async ({ source, quality }) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL('image/webp', quality);
}`;

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const stage = await openStage(Number(process.argv[2] ?? 90));
mkdirSync(FOLDER, { recursive: true });
try {
  await sleep(40_000);
  setPlan('[25, 50], bake: 12s, requests: 20, keep_warm: 0s');
  const slow = await stage.release('slow');
  await until(slow.id, (view) => view.isOver);
  const broken = await stage.release('broken');
  await until(broken.id, (view) => view.isOver);
  // The last minute of the service is around it: the arm closes in the picture.
  await sleep(8000);
  await pictures({ 'rolled-back': `/releases/${broken.id}` });
  setPlan('[5, 25, 50], bake: 45s, requests: 20, keep_warm: 0s');
  const good = await stage.release('good');
  await until(good.id, (view) => view.weight >= 50 && view.candidate.requests > 400);
  await pictures({ releasing: `/releases/${good.id}` });
  await pictures({ overview: '/', releases: '/releases' });
  await until(good.id, (view) => view.isOver);
  await pictures({
    promoted: `/releases/${good.id}`,
    slow: `/releases/${slow.id}`,
    service: '/services/maths',
    services: '/services',
    logs: '/logs',
    settings: '/settings',
  });
} finally {
  await stage.close();
  await browser.close();
}

/** The plan of the next releases of the calculator's maths. */
function setPlan(plan: string): void {
  const override = join(dirname(stageFile(stage)), 'compose.override.yaml');
  writeFileSync(override, readFileSync(override, 'utf8').replace(/plan: .*(?= \})/, `plan: ${plan}`));
}

function stageFile({ stateDir }: Stage): string {
  return join(stateDir, '../../calculator/compose.yaml');
}

async function until(id: number, is: (view: ReleaseView) => boolean): Promise<void> {
  while (!is(await stage.client.release(id))) await sleep(250);
}

async function pictures(paths: Readonly<Record<string, string>>): Promise<void> {
  for (const { name, colorScheme, width } of LOOKS) {
    const context = await browser.newContext({
      viewport: { width, height: 860 },
      colorScheme,
      reducedMotion: 'reduce',
    });
    const page = await signedIn(context);
    for (const [picture, path] of Object.entries(paths)) {
      await page.goto(`${new URL(page.url()).origin}${path}`);
      await page.locator('main:not([aria-busy])').first().waitFor();
      await sleep(1600);
      await save(browser, await page.screenshot({ fullPage: true }), `${picture}-${name}`);
    }
    await context.close();
  }
}

async function signedIn(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto((await stage.client.access.createLink(null)).url);
  await page.getByRole('navigation', { name: 'Main' }).waitFor();
  return page;
}

/** As WebP, which the browser itself packs; worse and worse until it is small enough. */
async function save(browser: Browser, png: Buffer, name: string): Promise<void> {
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
