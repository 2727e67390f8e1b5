// friday logs: searches and follows what instances write.
import type { ExitCode } from '../../api/tables.ts';
import type { Call } from '../call.ts';
import { requireService } from '../open.ts';
import { count } from '../output/numbers.ts';
import { plural } from '../output/text.ts';
import { Fold, type LogOptions, logLines } from '../screens/log.ts';
import { parseSubject } from '../subject.ts';

export type LogsOptions = {
  readonly follow?: true | undefined;
  readonly since?: ((now: number) => number) | undefined;
  readonly until?: ((now: number) => number) | undefined;
  readonly level?: 'error' | 'warn' | 'info' | 'debug' | undefined;
  readonly instance?: string | undefined;
  readonly lines?: number | undefined;
};

const LINES = 100;
/** Repeats are told at last when nothing else came for so long. */
const FLUSH_MS = 1000;

export async function logs(
  call: Call,
  subject: string | undefined,
  pattern: string | undefined,
  options: LogsOptions,
): Promise<ExitCode> {
  const { terminal, clock } = call;
  const client = await call.connect();
  const { service, version } = subject === undefined ? { service: undefined, version: null } : parseSubject(subject);
  const status = await client.status();
  if (service !== undefined) {
    requireService(
      service,
      status.services.map((one) => one.name),
      `in ${status.project}`,
    );
  }
  const now = clock.now();
  const query = {
    service,
    version: version ?? undefined,
    instance: options.instance === undefined ? undefined : instanceOf(options.instance, service, version),
    pattern,
    level: options.level,
    since: options.since?.(now),
    until: options.until?.(now),
    lines: options.lines ?? LINES,
    follow: options.follow,
  };
  const printer = printerOf(call, pattern ?? null);
  let seen = 0;
  const interrupt = call.interrupt();
  for await (const line of client.logs(query, interrupt, (link) => printer.link(link))) {
    seen += 1;
    terminal.json(line);
    printer.line(line);
  }
  printer.end();
  if (!options.follow) tellCount(call, seen, query.lines, status.services.length);
  return options.follow && interrupt.aborted ? 130 : 0;
}

/** `api-v42-1` as it is; `2` or `#2` is the second instance of the subject. */
function instanceOf(text: string, service: string | undefined, version: number | null): string {
  const slot = /^#?(\d+)$/.exec(text)?.[1];
  return slot !== undefined && service !== undefined && version !== null ? `${service}-v${version}-${slot}` : text;
}

type Line = Parameters<Fold['push']>[0];

type Printer = {
  readonly line: (line: Line) => void;
  readonly link: (link: { readonly isLive: boolean }) => void;
  readonly end: () => void;
};

/** On a terminal repeats are folded and long lines wrapped; elsewhere every line stays one line. */
function printerOf(call: Call, pattern: string | null): Printer {
  const { terminal, clock } = call;
  const isScreen = terminal.isLive;
  const link = (state: { readonly isLive: boolean }) =>
    terminal.say(state.isLive ? '… following again' : '… the control plane does not answer, trying again');
  const options = (): LogOptions => ({
    color: terminal.hasColour,
    now: clock.now(),
    pattern,
    width: isScreen ? terminal.width : null,
  });
  if (!isScreen) return { line: (line) => terminal.answer(logLines(line, options())), link, end: () => {} };
  const fold = new Fold(options());
  let timer: NodeJS.Timeout | undefined;
  return {
    line: (line) => {
      terminal.answer(fold.push(line));
      clearTimeout(timer);
      timer = setTimeout(() => terminal.answer(fold.flush()), FLUSH_MS);
    },
    link,
    end: () => {
      clearTimeout(timer);
      terminal.answer(fold.flush());
    },
  };
}

function tellCount({ terminal }: Call, seen: number, limit: number, services: number): void {
  if (!terminal.isLive) return;
  if (seen === 0) terminal.say(services === 0 ? 'Nothing runs yet: friday up' : 'No lines. Longer ago: --since 1d');
  else if (seen >= limit) terminal.say(`The last ${count(seen)} lines; more: -n ${Math.min(10_000, limit * 10)}`);
  else terminal.say(plural(seen, 'line'));
}
