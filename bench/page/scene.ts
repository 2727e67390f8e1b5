// What is looked at: the demo's calculator with a release that somebody has paused, and a browser without a window.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { openStage, type Stage } from '../../src/cli/demo/stage.ts';

const RATE = 40;
/** The release has its first seconds of traffic. */
const BEGUN_MS = 5000;
const LOOK_MS = 200;

export type Scene = {
  readonly stage: Stage;
  /** Of the page. */
  readonly url: string;
  /** Of the control plane. */
  readonly pid: number;
  /** Id of the release that waits. */
  readonly release: number;
};

export async function openScene(cleanup: AsyncDisposableStack): Promise<Scene> {
  const stage = await openStage(RATE);
  cleanup.defer(() => stage.close());
  const { id, service } = await stage.release('good');
  while ((await stage.client.release(id)).weight === 0) await sleep(LOOK_MS);
  await stage.client.pause(service);
  await sleep(BEGUN_MS);
  const { url } = JSON.parse(readFileSync(join(stage.stateDir, 'daemon.json'), 'utf8')) as { url: string };
  return { stage, url, pid: (await stage.client.status()).pid, release: id };
}

export async function launchBrowser(cleanup: AsyncDisposableStack): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  cleanup.defer(() => browser.close());
  return browser;
}
