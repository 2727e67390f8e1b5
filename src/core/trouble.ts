// Why a candidate is not there yet, in words for a person. Pure.
import { type ServiceState, versionOf } from './service.ts';

type Look = {
  readonly id: string;
  readonly service: string;
  readonly state: 'starting' | 'ready' | 'stopping' | 'exited';
  readonly reason: string;
  readonly exit: { readonly code: number | null } | null;
};

/** What a service waits for before its first start, in words: `maths to be ready`. Empty when it may start. */
export function unmetDependencies(
  service: ServiceState,
  services: Readonly<Record<string, ServiceState>>,
  instances: readonly Look[],
): readonly string[] {
  const version = service.release?.version ?? service.stable;
  const wanted = versionOf(service, version)?.spec.dependsOn ?? [];
  return wanted.flatMap(({ service: name, condition }) => {
    const other = services[name];
    if (!other || other.isDown) return [];
    const theirs = instances.filter((one) => one.service === name);
    if (condition === 'started') return theirs.length > 0 ? [] : [`${name} to be started`];
    if (condition === 'healthy') return theirs.some((one) => one.state === 'ready') ? [] : [`${name} to be ready`];
    return theirs.some((one) => one.state === 'exited' && one.exit?.code === 0) ? [] : [`${name} to complete`];
  });
}

const SAYS_WHY = /\b(\w*error|\w*exception|panic|fatal)\b/i;
const MAX_LINE = 300;

/** Whether any line speaks of an error. */
export function namesError(lines: readonly string[]): boolean {
  return lines.some((line) => SAYS_WHY.test(line));
}

/** The line that tells most: the last one that names an error, else the last one. */
export function tellingLine(lines: readonly string[]): string | null {
  const written = lines.map((line) => line.trim()).filter((line) => line !== '');
  const line = written.findLast((one) => SAYS_WHY.test(one)) ?? written.at(-1);
  return line === undefined ? null : line.slice(0, MAX_LINE);
}

export type Trouble = {
  readonly ids: ReadonlySet<string>;
  readonly instances: readonly Look[];
  readonly lastLines: Readonly<Record<string, readonly string[]>>;
  /** What failed when it was tried last, by instance id. */
  readonly troubles: Readonly<Record<string, string>>;
  readonly unmet: readonly string[];
};

/** `reason`: what the runtime or the dependencies say; `lastWords`: what the instance wrote last. Both may be empty. */
export function troubleOf({ ids, instances, lastLines, troubles, unmet }: Trouble): {
  reason: string;
  lastWords: string;
} {
  const troubled = instances.find((one) => ids.has(one.id) && one.state !== 'ready');
  const untried = [...ids].map((id) => troubles[id]).find((words) => words !== undefined);
  const waiting = !troubled && unmet.length > 0 ? `it waits for ${unmet.join(' and ')}` : '';
  const line = troubled ? tellingLine(lastLines[troubled.id] ?? []) : null;
  const lastWords = line === null ? '' : `Last log line: "${line}"`;
  return { reason: troubled?.reason || untried || waiting, lastWords };
}
