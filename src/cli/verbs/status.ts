// friday status: what runs, once or watched.
import type { Client } from '../../api/client.ts';
import type { ExitCode } from '../../api/tables.ts';
import type { ServiceView, StatusView } from '../../api/views.ts';
import type { Call } from '../call.ts';
import { requireService } from '../open.ts';
import { onKeys } from '../output/keys.ts';
import { clockOf } from '../output/moments.ts';
import { Painter } from '../output/painter.ts';
import { cleaned } from '../output/text.ts';
import { SERVICE_MARKS, versionsOf } from '../screens/states.ts';
import { serviceScreen, statusScreen } from '../screens/status.ts';
import { parseSubject } from '../subject.ts';
import { lastLinesOf } from '../watch/evidence.ts';
import { isGlitch } from '../watch/follow.ts';
import { watchRelease } from '../watch/watch.ts';

export type StatusOptions = { readonly watch?: true | undefined; readonly check?: true | undefined };

const LOOK_MS = 1000;
const LAST_LINES = 10;

export async function status(call: Call, subject: string | undefined, options: StatusOptions): Promise<ExitCode> {
  const { terminal } = call;
  const client = await call.connect();
  const name = subject === undefined ? null : parseSubject(subject).service;
  const view = await client.status();
  if (name !== null) {
    requireService(
      name,
      view.services.map((one) => one.name),
      `in ${view.project}`,
    );
  }
  if (options.watch) return watch(call, client, view, name);
  terminal.answer(screenOf(call, view, name, await lastLinesIn(client, view, name)));
  terminal.json(name === null ? view : view.services.find((one) => one.name === name));
  return options.check && !isWell(view, name) ? 1 : 0;
}

/** The words of the one service that is asked about, when something is wrong with it. */
async function lastLinesIn(client: Client, view: StatusView, name: string | null): Promise<readonly string[]> {
  const service = view.services.find((one) => one.name === name);
  const isWrong = service?.state === 'down' || service?.state === 'degraded';
  return isWrong ? lastLinesOf(client, service.name, LAST_LINES) : [];
}

function screenOf(call: Call, view: StatusView, name: string | null, lastLines: readonly string[] = []): string[] {
  const options = { width: call.terminal.width, color: call.terminal.hasColour };
  const service = view.services.find((one) => one.name === name);
  if (!service) return statusScreen(view, options);
  const release = view.releases.find((one) => one.id === service.release) ?? null;
  return serviceScreen(service, { ...options, now: view.at, release, lastLines, problems: view.problems });
}

function isWell(view: StatusView, name: string | null): boolean {
  const services = view.services.filter((one) => name === null || one.name === name);
  const isBad = (one: ServiceView) => one.state === 'down' || one.state === 'degraded';
  return !services.some(isBad) && (name !== null || view.problems.length === 0);
}

/** A release is watched to its end; without one, what runs is shown until the person has seen enough. */
async function watch(call: Call, client: Client, view: StatusView, name: string | null): Promise<ExitCode> {
  const release = view.releases.find((one) => one.service === name);
  if (release) return watchRelease(call, client, release, { timeoutMs: null });
  return call.terminal.isLive ? watchScreen(call, client, view, name) : watchLines(call, client, view, name);
}

async function watchScreen(call: Call, client: Client, first: StatusView, name: string | null): Promise<ExitCode> {
  const { terminal, clock } = call;
  const { stdin, stdout } = terminal.streams;
  const stop = new AbortController();
  const painter = new Painter(stdout);
  let exit: ExitCode = 0;
  const endKeys =
    stdin.isTTY === true
      ? onKeys(stdin, (key) => {
          if (key === 'ctrl-c') exit = 130;
          if (key === 'ctrl-c' || key === 'q') stop.abort();
        })
      : () => {};
  const signal = AbortSignal.any([call.interrupt(), stop.signal]);
  let view = first;
  let note = '  q stop watching';
  try {
    while (!signal.aborted) {
      painter.draw([...screenOf(call, view, name), note]);
      await clock.sleep(LOOK_MS, signal);
      try {
        view = await client.status();
        note = '  q stop watching';
      } catch (error) {
        if (!isGlitch(error)) throw error;
        note = `  ▲ No news since ${clockOf(view.at)}. Trying again.   q stop watching`;
      }
    }
  } finally {
    endKeys();
    painter.finish(screenOf(call, view, name));
  }
  return call.interrupt().aborted ? 130 : exit;
}

/** One line per service whose state or version changes. */
async function watchLines(call: Call, client: Client, first: StatusView, name: string | null): Promise<ExitCode> {
  const { terminal, clock } = call;
  const interrupt = call.interrupt();
  const told = new Map<string, string>();
  let view: StatusView | null = first;
  while (!interrupt.aborted) {
    for (const service of view?.services ?? []) {
      const key = `${service.state} ${service.version} ${service.candidate}`;
      if ((name !== null && service.name !== name) || told.get(service.name) === key) continue;
      told.set(service.name, key);
      terminal.json({ type: 'service', at: view?.at, ...service, service: service.name });
      terminal.answer(serviceLine(service, view?.at ?? clock.now()));
    }
    await clock.sleep(LOOK_MS, interrupt);
    view = await client.status().catch((error: unknown) => {
      if (!isGlitch(error)) throw error;
      return null;
    });
  }
  return 130;
}

function serviceLine(service: ServiceView, at: number): string {
  const { word } = SERVICE_MARKS[service.state];
  const version = service.candidate ?? service.version;
  const from = service.candidate === null ? null : service.version;
  const versions = version === null ? '' : ` ${versionsOf({ version, from })}`;
  return `${clockOf(at)} ${service.name}${versions} ${word}  ${cleaned(service.sentence)}`;
}
