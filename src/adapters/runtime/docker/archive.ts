// What removed instances wrote, kept in files within bounds.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Engine } from '../engine/client.ts';
import type { Container } from '../engine/objects.ts';
import { startOf } from './ended.ts';
import { LABEL } from './names.ts';
import { allOutput, type OutputLine } from './output.ts';

/** The last lines of one instance, and the bytes of all of one service. */
const KEPT_LINES = 20_000;
const KEPT_BYTES = 50_000_000;

const About = z.object({ id: z.string(), service: z.string(), version: z.number() });
export type About = z.infer<typeof About>;

const Line = z.object({ at: z.number(), stamp: z.string(), stream: z.enum(['stdout', 'stderr']), text: z.string() });

export function aboutOf({ Config: { Labels } }: { Config: { Labels: Record<string, string> } }): About {
  return {
    id: Labels[LABEL.instance] ?? '',
    service: Labels[LABEL.service] ?? '',
    version: Number(Labels[LABEL.version] ?? 0),
  };
}

/** Keeps what a container wrote before it is removed. What cannot be read or written is lost, and stops nobody. */
export async function archiveOutput(engine: Engine, dir: string, container: Container): Promise<void> {
  const about = aboutOf(container);
  try {
    const lines = await allOutput(engine, container.Id, { tail: KEPT_LINES });
    if (lines.length === 0) return;
    const folder = join(dir, 'logs', about.service);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const text = [about, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
    writeFileSync(join(folder, `${startOf(container)}-${about.id}.ndjson`), text, { mode: 0o600 });
    forgetOld(folder);
  } catch {
    // Its last words are not worth an instance that cannot be removed.
  }
}

/** The oldest go first. */
function forgetOld(folder: string): void {
  let bytes = 0;
  for (const name of readdirSync(folder).sort().reverse()) {
    bytes += statSync(join(folder, name)).size;
    if (bytes > KEPT_BYTES) rmSync(join(folder, name));
  }
}

export type Archived = { readonly about: About; readonly lines: readonly OutputLine[] };

/** Of one service, or of all. */
export function* archivesIn(dir: string, service: string | undefined): Generator<Archived> {
  const names = service === undefined ? namesIn(join(dir, 'logs')) : [service];
  for (const name of names) {
    const folder = join(dir, 'logs', name);
    for (const file of namesIn(folder).sort()) {
      const archived = readArchive(join(folder, file));
      if (archived !== null) yield archived;
    }
  }
}

function readArchive(file: string): Archived | null {
  try {
    const [first, ...lines] = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    return { about: About.parse(first), lines: z.array(Line).parse(lines) };
  } catch {
    return null;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
