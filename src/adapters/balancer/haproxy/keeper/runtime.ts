// Changes of a running HAProxy: servers come and go, and whole maps are swapped.
import { Failure } from '../../../../core/failure.ts';
import type { TableCertificate } from '../../../../core/traffic.ts';
import { addressIn, backendOf, FILES, mapText, routesOf, type Server, statesOf, type Wanted } from './config.ts';
import type { Engine } from './engine.ts';
import { challengesOf, renewAtRunTime, TLS_FILES } from './tls.ts';

/** Lines of one command; HAProxy takes 16 KiB at once. */
const MAP_CHARACTERS = 8_000;

/** False when one of them could not be added: then only a reload helps. */
export async function changeServers(
  engine: Engine,
  worker: number,
  servers: readonly Server[],
  state: 'ready' | 'drain',
): Promise<boolean> {
  for (const one of servers) {
    const name = `${backendOf(one)}/${one.name}`;
    if (state === 'ready') {
      const said = await engine.ask(`@!${worker} add server ${name} ${addressIn(one)}`);
      if (!/New server registered|Already exists/i.test(said)) return false;
    }
    await engine.ask(`@!${worker} set server ${name} state ${state}`);
  }
  return true;
}

/** True when it is gone. */
export async function removeServer(engine: Engine, worker: number, server: Server): Promise<boolean> {
  const name = `${backendOf(server)}/${server.name}`;
  await engine.ask(`@!${worker} set server ${name} state maint`);
  return /Server deleted|No such server/i.test(await engine.ask(`@!${worker} del server ${name}`));
}

/**
 * The next request follows the maps of `wanted`, service by service. What the worker has is that of `before`; null when that
 * is not known: then each map is swapped whole. Failure: `unavailable`.
 */
export async function pushMaps(engine: Engine, worker: number, wanted: Wanted, before: Wanted | null): Promise<void> {
  await push(engine, worker, FILES.routes, routesOf(wanted.table), before === null ? null : routesOf(before.table));
  await push(engine, worker, FILES.states, statesOf(wanted), before === null ? null : statesOf(before));
  if (wanted.table.challenges === undefined) return;
  const known = before === null ? null : challengesOf(before.table);
  await push(engine, worker, TLS_FILES.challenges, challengesOf(wanted.table), known);
}

async function push(
  engine: Engine,
  worker: number,
  map: string,
  entries: ReadonlyMap<string, string>,
  before: ReadonlyMap<string, string> | null,
): Promise<void> {
  if (before === null || before.size !== entries.size || [...entries.keys()].some((key) => !before.has(key))) {
    await swap(engine, worker, map, entries);
    return;
  }
  for (const [key, value] of entries) {
    if (value === before.get(key)) continue;
    const said = await engine.ask(`@!${worker} set map ${map} ${key} ${value}`);
    if (said.trim() !== '') throw refused(map, said);
  }
}

async function swap(engine: Engine, worker: number, map: string, entries: ReadonlyMap<string, string>): Promise<void> {
  const prepared = await engine.ask(`@!${worker} prepare map ${map}`);
  const version = /New version created: (\d+)/.exec(prepared)?.[1];
  if (version === undefined) throw refused(map, prepared);
  for (const part of partsOf(entries)) {
    const said = await engine.ask(`@!${worker} add map @${version} ${map} <<\n${part}`);
    if (said.trim() !== '') throw refused(map, said);
  }
  const said = await engine.ask(`@!${worker} commit map @${version} ${map}`);
  if (said.trim() !== '') throw refused(map, said);
}

function partsOf(entries: ReadonlyMap<string, string>): string[] {
  const parts: string[] = [];
  let part = '';
  for (const entry of entries) {
    const line = mapText(new Map([entry]));
    if (part.length + line.length > MAP_CHARACTERS) {
      parts.push(part);
      part = '';
    }
    part += line;
  }
  return part === '' ? parts : [...parts, part];
}

function refused(map: string, said: string): Failure {
  return new Failure('unavailable', `HAProxy did not take its ${map}: ${said.trim().slice(0, 200)}.`);
}

/** The next handshake with `worker` is by the new content. False when it did not take one of them. */
export async function renewCertificates(
  engine: Engine,
  worker: number,
  certificates: readonly TableCertificate[],
): Promise<boolean> {
  for (const one of certificates) {
    if (!(await renewAtRunTime((command) => engine.ask(`@!${worker} ${command}`), one))) return false;
  }
  return true;
}
