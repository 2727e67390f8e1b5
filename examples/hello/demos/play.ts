// Plays a recorded demo in this terminal: node demos/play.ts processes [SPEED]. `asciinema play` does the same.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Nobody waits longer than this for the next line, in seconds. */
const LONGEST_PAUSE = 1.5;

const [name = 'processes', speed = '1'] = process.argv.slice(2);
const file = join(import.meta.dirname, `${name}.cast`);
if (!existsSync(file) || !(Number(speed) > 0)) {
  const names = readdirSync(import.meta.dirname).flatMap((one) => (one.endsWith('.cast') ? [one.slice(0, -5)] : []));
  console.error(
    `Usage: node demos/play.ts NAME [SPEED]\nNAME is one of: ${names.join(', ')}. SPEED is 1, or 2 for twice as fast.`,
  );
  process.exit(2);
}
let before = 0;
for (const line of readFileSync(file, 'utf8').trim().split('\n').slice(1)) {
  const [seconds, , text]: [number, string, string] = JSON.parse(line);
  await sleep((Math.min(seconds - before, LONGEST_PAUSE) / Number(speed)) * 1000);
  before = seconds;
  process.stdout.write(text);
}
