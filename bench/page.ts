// What the page costs: time to its first data, what 50 watchers take of the control loop, and the memory of 8 tabs. node bench/page.ts [minutes]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { openStage, type Stage } from '../src/cli/demo/stage.ts';

const WATCHERS = 50;
const TABS = 8;
const LOADS = 5;
const minutes = Number(process.argv[2] ?? 1);

const stage = await openStage(40);
const { url } = JSON.parse(readFileSync(join(stage.stateDir, 'daemon.json'), 'utf8')) as { url: string };
const token = readFileSync(join(stage.stateDir, 'token'), 'utf8').trim();
const { pid } = await stage.client.status();
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  const { id } = await stage.release('good');
  await sleep(5000);
  await firstData();
  const alone = await cpuDuring(10_000);
  const watching = await watchers(WATCHERS, id);
  await sleep(2000);
  const watched = await cpuDuring(10_000);
  watching.abort();
  console.log(
    `CPU of the control plane: ${percent(alone)} alone, ${percent(watched)} with ${WATCHERS} watchers of a release`,
  );
  console.log(`so ${WATCHERS} watchers cost ${percent(watched - alone)} of one core: of each second's turn as much`);
  await tabs(stage, minutes);
} finally {
  await browser.close();
  await stage.close();
}

/** From the address to the first number, on loopback. */
async function firstData(): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto((await stage.client.access.createLink(null)).url);
  await page.locator('.services').waitFor();
  const times: number[] = [];
  for (let i = 0; i < LOADS; i += 1) {
    await page.goto('about:blank');
    const began = performance.now();
    await page.goto(`${url}/`, { waitUntil: 'commit' });
    await page.locator('.services td.r').first().waitFor();
    times.push(performance.now() - began);
  }
  times.sort((one, other) => one - other);
  console.log(
    `first data: median ${Math.round(times[Math.floor(LOADS / 2)] ?? 0)} ms of ${LOADS} loads, ${times.map(Math.round).join(', ')}`,
  );
  await context.close();
}

/** Programs that read the stream of a page, as fast as it comes. */
async function watchers(count: number, release: number): Promise<AbortController> {
  const stop = new AbortController();
  for (let i = 0; i < count; i += 1) {
    const answer = await fetch(`${url}/api/v1/live?release=${release}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: stop.signal,
    });
    void answer.body?.pipeTo(new WritableStream()).catch(() => undefined);
  }
  return stop;
}

/** Share of one core that the control plane used. Source: proc(5), fields utime and stime of stat, 100 ticks a second. */
async function cpuDuring(ms: number): Promise<number> {
  const used = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  };
  const [before, began] = [used(), performance.now()];
  await sleep(ms);
  return (used() - before) / ((performance.now() - began) / 1000);
}

function residentMb(): number {
  const line = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(line) / 1000);
}

async function tabs({ client }: Stage, lasting: number): Promise<void> {
  const context = await browser.newContext();
  const first = await context.newPage();
  await first.goto((await client.access.createLink(null)).url);
  await first.locator('.services').waitFor();
  // A control plane that begins grows for other reasons: the hour of numbers fills.
  const before = residentMb();
  for (let i = 1; i < TABS; i += 1) await (await context.newPage()).goto(`${url}/services/maths`);
  for (let minute = 0; minute <= lasting; minute += 1) {
    console.log(
      `memory of the control plane with ${TABS} tabs: ${residentMb()} MB after ${minute} min (${before} MB before)`,
    );
    if (minute < lasting) await sleep(60_000);
  }
  await context.close();
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`;
}
