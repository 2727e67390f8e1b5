// Shows a recording on the page, for who works on it: node test/recordings/play.ts NAME [SPEED]. Build the page first: npm run build:web.
import { NAMES, readRecording } from './format.ts';
import { playRecording } from './player.ts';

const [asked, speed = '1'] = process.argv.slice(2);
const name = NAMES.find((one) => one === asked);
if (name === undefined || !(Number(speed) > 0)) {
  process.stderr.write(`Say which, and how fast: node test/recordings/play.ts ${NAMES.join('|')} 4\n`);
  process.exitCode = 2;
} else {
  const recording = readRecording(name);
  const player = await playRecording(recording, Number(speed));
  const { code } = await player.client.access.createLink(null);
  process.stderr.write(
    `Open ${player.url}/sign-in#${code}, go to /releases/${recording.about.release}, then press Enter here. Ctrl-C ends it.\n`,
  );
  process.stdin.once('data', () => player.start());
}
