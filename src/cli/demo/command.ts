// `friday demo`: the calculator on a stage; a person plays with keys, a script plays one story.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExitCode } from '../../api/tables.ts';
import type { ReleaseView } from '../../api/views.ts';
import type { Call } from '../call.ts';
import { onKeys } from '../output/keys.ts';
import { paintOf } from '../output/paint.ts';
import { Painter } from '../output/painter.ts';
import { changeLine, changesBetween } from '../screens/lines.ts';
import { type DemoPicture, demoPicture, endedLines, openingLines } from './picture.ts';
import { openStage, type Stage, type Variant } from './stage.ts';
import { play, RELEASED, type Story, untilBack } from './stories.ts';

export type DemoFlags = {
  readonly play?: Story | undefined;
  /** Requests per second of the pretend users; default 60. */
  readonly rate?: number | undefined;
  /** End after so long, in seconds; default: when the person quits. */
  readonly seconds?: number | undefined;
};

const TICK_MS = 250;
const MANY = 10;
const USUAL_RATE = 60;

/** Exit code 0 when the story ended as it should, or the person quit. */
export async function demo(call: Call, flags: DemoFlags): Promise<ExitCode> {
  const { terminal } = call;
  const isPlayed = flags.play !== undefined || !terminal.mayAsk || !terminal.isLive;
  // From here on Ctrl-C ends in order: everything that is started is also stopped.
  call.interrupt();
  const began = call.clock.now();
  terminal.say('  The calculator starts ...');
  const rate = flags.rate ?? USUAL_RATE;
  const stage = await openStage(rate);
  try {
    terminal.say(openingLines(stage, (call.clock.now() - began) / 1000, rate, paintOf(terminal.hasColourOnError)));
    return isPlayed
      ? await playOne(call, stage, flags.play ?? 'broken')
      : await playLive(call, stage, flags.seconds ?? null);
  } finally {
    await stage.close();
  }
}

async function playOne(call: Call, stage: Stage, story: Story): Promise<ExitCode> {
  const { terminal } = call;
  let before: ReleaseView | null = null;
  const interrupt = call.interrupt();
  if (interrupt.aborted) return 130;
  const interrupted = new Promise<null>((resolve) =>
    interrupt.addEventListener('abort', () => resolve(null), { once: true }),
  );
  const tell = (view: ReleaseView) => {
    for (const change of changesBetween(before, view, call.clock.now())) terminal.say(changeLine(view, change));
    before = view;
  };
  const result = await Promise.race([play(stage, story, tell), interrupted]);
  if (result === null) return 130;
  terminal.json(result);
  terminal.answer(endedLines(result, paintOf(terminal.hasColour), terminal.width));
  return result.asExpected ? 0 : 1;
}

/** Keys until q or Ctrl-C; the picture is drawn four times a second. */
async function playLive(call: Call, stage: Stage, seconds: number | null): Promise<ExitCode> {
  const { terminal } = call;
  const painter = new Painter(terminal.streams.stdout);
  const stop = new AbortController();
  if (seconds !== null) void call.clock.sleep(seconds * 1000, stop.signal).then(() => stop.abort());
  const usualRate = stage.rate();
  let note = '';
  let shown: number | null = null;
  const run = (work: () => Promise<string>) => {
    work().then(
      (words) => {
        note = words;
      },
      (error: unknown) => {
        note = error instanceof Error ? error.message : String(error);
      },
    );
  };
  const release = async (variant: Variant) => {
    note = `A ${variant} version is on its way ...`;
    shown = (await stage.release(variant)).id;
    return '';
  };
  const kill = async () => {
    const victim = await stage.kill();
    const began = call.clock.now();
    note = `${victim.id} (${victim.handle}) was killed.`;
    await untilBack(stage, victim.id, victim.handle);
    return `${victim.id} was killed and was ready again after ${((call.clock.now() - began) / 1000).toFixed(1)} s.`;
  };
  const keys: Readonly<Record<string, () => void>> = {
    g: () => run(() => release('good')),
    b: () => run(() => release('broken')),
    s: () => run(() => release('slow')),
    k: () => run(kill),
    x: () => {
      stage.setRate(stage.rate() === usualRate ? usualRate * MANY : usualRate);
      note = `Users now send about ${stage.rate()} requests a second.`;
    },
    q: () => stop.abort(),
    'ctrl-c': () => stop.abort(),
  };
  const giveBack = onKeys(terminal.streams.stdin, (key) => keys[key]?.());
  const interrupt = call.interrupt();
  if (interrupt.aborted) stop.abort();
  interrupt.addEventListener('abort', () => stop.abort(), { once: true });
  try {
    while (!stop.signal.aborted) {
      const picture = await pictureOf(stage, shown, note, call.clock.now());
      painter.draw(demoPicture(picture, { width: terminal.width, color: terminal.hasColour }));
      await sleep(TICK_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  } finally {
    painter.close();
    giveBack();
  }
  terminal.say('  Stopping everything ...');
  return 0;
}

async function pictureOf(stage: Stage, shown: number | null, note: string, now: number): Promise<DemoPicture> {
  const service = await stage.client.service(RELEASED);
  const release = shown === null ? null : await stage.client.release(shown);
  return { service, release, users: stage.users(), rate: stage.rate(), note, now };
}
