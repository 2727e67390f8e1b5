// Takes the pictures of the page for the docs from the real thing: node docs/images/make-page-pictures.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReleaseView } from '../../src/api/views.ts';
import { openStage, type Stage } from '../../src/cli/demo/stage.ts';
import { LOOKS, launchBrowser, openSignedIn, take } from './pictures.ts';

const browser = await launchBrowser();
const stage = await openStage(Number(process.argv[2] ?? 90));
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
  for (const look of LOOKS) {
    const page = await openSignedIn(browser, look, (await stage.client.access.createLink(null)).url);
    for (const [picture, path] of Object.entries(paths)) await take(browser, page, path, `${picture}-${look.name}`);
    await page.context().close();
  }
}
