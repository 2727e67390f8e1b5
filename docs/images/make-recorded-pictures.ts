// Pictures of moments that are hard to catch, from recordings of real releases: node docs/images/make-recorded-pictures.ts
import { setTimeout as sleep } from 'node:timers/promises';
import { type Name, readRecording } from '../../test/recordings/format.ts';
import { playRecording } from '../../test/recordings/player.ts';
import { LOOKS, launchBrowser, openSignedIn, save } from './pictures.ts';

const SPEED = 8;
/** The page says that it is old after 5 s of silence. */
const SILENT_MS = 7000;
const PICTURES: Readonly<Partial<Record<Name, string>>> = { waiting: 'waiting', lost: 'lost' };

const browser = await launchBrowser();
try {
  for (const [name, picture] of Object.entries(PICTURES) as [Name, string][]) {
    const recording = readRecording(name);
    for (const look of LOOKS) {
      const player = await playRecording(recording, SPEED);
      const { code } = await player.client.access.createLink(null);
      const page = await openSignedIn(browser, look, `${player.url}/sign-in#${code}`);
      await page.goto(`${player.url}/releases/${recording.about.release}`);
      await page.locator('main.release').waitFor();
      player.start();
      await player.ended;
      await sleep(SILENT_MS);
      await save(browser, page, `${picture}-${look.name}`);
      await page.context().close();
      await player.close();
    }
  }
} finally {
  await browser.close();
}
