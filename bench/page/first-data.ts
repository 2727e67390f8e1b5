// From the beginning of a navigation to the first number of a service in the document, by the browser's own clock.
import type { Browser } from 'playwright-core';
import type { Scene } from './scene.ts';

/** Milliseconds, in the order of the loads. `first`: nothing of the page is in the browser's cache. */
export type FirstData = { readonly first: readonly number[]; readonly again: readonly number[] };

/** Run in the browser. */
const NOTE_FIRST_DATA = `
  const observer = new MutationObserver(() => {
    if (!document.querySelector('.services td.r')?.textContent) return;
    globalThis.firstData = performance.now();
    observer.disconnect();
  });
  observer.observe(document, { childList: true, subtree: true, characterData: true });
`;

export async function measureFirstData(browser: Browser, { stage, url }: Scene, loads: number): Promise<FirstData> {
  const signedIn = await browser.newContext();
  const page = await signedIn.newPage();
  await page.goto((await stage.client.access.createLink(null)).url);
  await page.locator('.services td.r').first().waitFor();
  const storageState = await signedIn.storageState();
  await signedIn.close();
  const [first, again]: [number[], number[]] = [[], []];
  for (let i = 0; i < loads; i += 1) {
    const context = await browser.newContext({ storageState });
    await context.addInitScript({ content: NOTE_FIRST_DATA });
    const tab = await context.newPage();
    for (const times of [first, again]) {
      await tab.goto('about:blank');
      await tab.goto(url, { waitUntil: 'commit' });
      const noted = await tab.waitForFunction(() => (globalThis as { firstData?: number }).firstData);
      times.push(Number(await noted.jsonValue()));
    }
    await context.close();
  }
  return { first, again };
}
