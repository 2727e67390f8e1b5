// Resident memory of two control planes that do the same, one watched by tabs and one by nobody: it must not grow with them.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import type { Scene } from './scene.ts';

export const TABS = 8;
const LOOKS_PER_MINUTE = 30;

/** Least megabytes of each minute, so that garbage counts for little. The first is before the tabs are open. */
export type Memory = { readonly watched: readonly number[]; readonly alone: readonly number[] };

export async function measureMemory(browser: Browser, scene: Scene, alone: Scene, minutes: number): Promise<Memory> {
  const memory: { watched: number[]; alone: number[] } = { watched: [], alone: [] };
  const minute = async () => {
    const looks: [number, number][] = [];
    for (let i = 0; i < LOOKS_PER_MINUTE; i += 1) {
      await sleep(60_000 / LOOKS_PER_MINUTE);
      looks.push([residentMb(scene.pid), residentMb(alone.pid)]);
    }
    memory.watched.push(Math.min(...looks.map(([mb]) => mb)));
    memory.alone.push(Math.min(...looks.map(([, mb]) => mb)));
  };
  await minute();
  await openTabs(browser, scene);
  for (let i = 0; i < minutes; i += 1) await minute();
  return memory;
}

/** Each in a profile of its own: tabs of one that nobody sees have no stream, and these are all seen. */
async function openTabs(browser: Browser, { stage, url, release }: Scene): Promise<void> {
  const pages = [
    '/',
    '/services/maths',
    `/releases/${release}`,
    '/releases',
    '/logs',
    '/services',
    '/',
    `/releases/${release}`,
  ];
  for (const path of pages.slice(0, TABS)) {
    const page = await (await browser.newContext()).newPage();
    await page.goto((await stage.client.access.createLink(null)).url);
    await page.locator('.services td.r').first().waitFor();
    await page.goto(`${url}${path}`, { waitUntil: 'commit' });
  }
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000;
}
