// friday replay: works the verdict of a release out again from its ticks, by its own rules or by others.
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ExitCode } from '../../api/tables.ts';
import { Failure, sentenceOf } from '../../core/failure.ts';
import { type JudgeParams, startJudge } from '../../core/judge/judge.ts';
import { linesIn } from '../../core/ticks/lines.ts';
import { TicksReader } from '../../core/ticks/read.ts';
import { type Moment, Replay } from '../../core/ticks/replay.ts';
import { type OtherRules, rulesText, withRules } from '../../core/ticks/rules.ts';
import type { Tick, TicksHeader } from '../../core/ticks/tick.ts';
import type { Call } from '../call.ts';
import { count } from '../output/numbers.ts';
import { replayScreen } from '../screens/replay.ts';
import { Moments } from '../watch/moments.ts';

export type ReplayFlags = {
  readonly every?: number | undefined;
  readonly errorsMargin?: number | undefined;
  readonly latency?: OtherRules['latency'];
  readonly pass?: OtherRules['passRule'];
  readonly requests?: number | undefined;
  readonly save?: string | undefined;
};

/** `source` is a file, `-` for stdin, or the number of a release of the running project. */
export async function replay(call: Call, source: string, flags: ReplayFlags): Promise<ExitCode> {
  const { name, chunks } = await openSource(call, source);
  const text = flags.save === undefined ? chunks : saved(chunks, resolve(call.cwd, flags.save));
  const asked: OtherRules = {
    errorsMargin: flags.errorsMargin,
    latency: flags.latency,
    passRule: flags.pass,
    minRequests: flags.requests,
  };
  const run = new Run(call, name, asked, flags.every ?? null);
  for await (const lines of linesIn(text)) for (const line of lines) run.line(line);
  run.end();
  if (flags.save !== undefined) call.terminal.say(`Saved to ${flags.save}.`);
  return 0;
}

/** One replay: what was read of it, and what is to be told. */
class Run {
  readonly #call: Call;
  readonly #reader: TicksReader;
  readonly #asked: OtherRules;
  readonly #moments: Moments;
  #replay: Replay | null = null;
  #last: Moment | null = null;

  constructor(call: Call, name: string, asked: OtherRules, everyMs: number | null) {
    this.#call = call;
    this.#reader = new TicksReader(name);
    this.#asked = asked;
    this.#moments = new Moments(everyMs);
  }

  line(line: string): void {
    const ticks = this.#reader.line(line);
    if (this.#reader.header !== null) this.#replay ??= new Replay(withRules(this.#reader.header.params, this.#asked));
    for (const tick of ticks) this.#take(tick);
  }

  #take(tick: Tick): void {
    const moment = this.#replay?.take(tick);
    if (!moment) return;
    this.#last = moment;
    this.#moments.take(moment);
    if (moment.isChange) this.#call.terminal.json(changeOf(moment));
  }

  end(): void {
    for (const tick of this.#reader.end()) this.#take(tick);
    const { header } = this.#reader;
    if (header === null || this.#replay === null) return;
    const { terminal } = this.#call;
    const verdict = this.#replay.verdict();
    const { params, hash } = this.#replay.judge;
    const notes = notesOn(header, params);
    terminal.answer(
      replayScreen(
        { header, ...this.#moments.shown(), last: this.#last, verdict, notes },
        { width: terminal.width, color: terminal.hasColour },
      ),
    );
    const { release, missing, parameters } = header;
    const isAsRecorded = missing === 0 && hash === (parameters ?? startJudge(header.params).hash);
    terminal.json({
      type: 'result',
      release,
      missing,
      isAsRecorded,
      rules: params,
      recorded: header.params,
      ...verdict,
      exit: 0,
    });
  }
}

/** What makes this another verdict than that of the release. */
function notesOn(header: TicksHeader, params: JudgeParams): string[] {
  const notes: string[] = [];
  const own = startJudge(header.params).hash;
  if (startJudge(params).hash !== own) {
    notes.push(
      `Replayed with other rules: ${rulesText(params)}.`,
      `The release itself was judged with: ${rulesText(header.params)}.`,
    );
  }
  if (header.parameters !== null && header.parameters !== own) {
    notes.push(
      `This friday judges by other rules than the one that ran the release (${own}, then ${header.parameters}), so its verdict may be another one.`,
    );
  }
  if (header.missing > 0) {
    const s = header.missing === 1 ? '' : 's';
    notes.push(
      `The last ${count(header.missing)} second${s} of the release are missing: they were beyond what is kept.`,
    );
  }
  return notes;
}

function changeOf({ tick, seconds, weight, verdict }: Moment): object {
  const { stable, candidate, odds, lnE, metrics, sentence } = verdict.receipt;
  const told = metrics.map((one) => {
    const { metric, isSafe, isHarmful, odds: against, safetyOdds } = one;
    return { metric, isSafe, isHarmful, odds: against, safetyOdds };
  });
  const arms = { stable: stable.total, candidate: candidate.total };
  const { kind, harmBound } = verdict;
  return { type: 'change', tick, seconds, weight, kind, sentence, odds, lnE, harmBound, ...arms, metrics: told };
}

type Source = { readonly name: string; readonly chunks: AsyncIterable<string> };

async function openSource(call: Call, source: string): Promise<Source> {
  if (/^\d{1,15}$/.test(source)) {
    const client = await call.connect();
    return { name: `release ${source}`, chunks: await client.ticks(Number(source)) };
  }
  if (source === '-') {
    const stdin = call.terminal.streams.stdin;
    stdin.setEncoding('utf8');
    return { name: 'stdin', chunks: stdin as AsyncIterable<string> };
  }
  return { name: source, chunks: fileText(resolve(call.cwd, source), source) };
}

async function* fileText(path: string, name: string): AsyncGenerator<string> {
  try {
    yield* createReadStream(path, 'utf8') as AsyncIterable<string>;
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Failure(
      isAbsent ? 'not-found' : 'invalid',
      isAbsent ? `There is no file ${name}.` : `${name} cannot be read: ${sentenceOf(error)}.`,
      { hint: 'A number names a release of the running project, - is stdin.' },
    );
  }
}

/** The same text, written to a new file on its way; the file goes again when the text breaks off. */
async function* saved(chunks: AsyncIterable<string>, path: string): AsyncGenerator<string> {
  const file = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const why = { EEXIST: 'it exists already', ENOENT: 'its folder does not exist' }[error.code ?? ''];
    throw new Failure('invalid', `${path} cannot be made: ${why ?? sentenceOf(error)}.`, {
      hint: 'Name another file.',
    });
  });
  let isWhole = false;
  try {
    for await (const chunk of chunks) {
      await file.write(chunk);
      yield chunk;
    }
    isWhole = true;
  } finally {
    await file.close();
    if (!isWhole) await rm(path, { force: true });
  }
}
