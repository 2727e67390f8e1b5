// The record of an instance on disk: what a later control plane needs to find, judge and stop it.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from '../../../../core/failure.ts';
import { Readiness } from '../../../../core/spec/project.ts';
import { type Layout, writeWhole } from '../layout.ts';
import { writeAbout } from '../output/archive.ts';

/** A process beyond doubt: its number is given out again after its end, its start time and boot are not. */
const ProcessMark = z.object({ pid: z.number().int(), startTime: z.string(), bootId: z.string() });
export type ProcessMark = z.infer<typeof ProcessMark>;

export const LaunchRecord = z.object({
  id: z.string(),
  service: z.string(),
  version: z.number().int(),
  slot: z.number().int(),
  digest: z.string(),
  /** Drawn for this launch and part of the environment, so that the process is found even when nobody noted its number. */
  token: z.string(),
  port: z.number().int(),
  /** With variables filled in. */
  command: z.array(z.string()),
  folder: z.string(),
  environment: z.record(z.string(), z.string()),
  readiness: Readiness,
  stopSignal: z.string(),
  stopGraceMs: z.number(),
  startedAt: z.number(),
  /** Null until the process is known to run. */
  process: ProcessMark.nullable(),
  /** It was ready when this was last written. */
  wasReady: z.boolean(),
  /** Set once it is asked to stop, by somebody or because its main process ended before its children. */
  stop: z.object({ at: z.number(), deadlineAt: z.number(), reason: z.string() }).nullable(),
  exit: z.object({ at: z.number(), code: z.number().nullable(), signal: z.string().nullable() }).nullable(),
  /** Why it ended, in words. */
  reason: z.string(),
});
export type LaunchRecord = z.infer<typeof LaunchRecord>;

/** Makes the instance's folder when there is none. */
export function writeRecord(layout: Layout, record: LaunchRecord): void {
  const folder = layout.instance(record.id);
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeAbout(folder, record);
  }
  writeWhole(join(folder, 'record.json'), JSON.stringify(record));
}

/**
 * All records. `damaged` names folders without one: only a crash or a power cut damages a record, and then nothing of it
 * runs. Failure: `unavailable` (a record of another version, whose process must not be lost).
 */
export function readRecords(layout: Layout): { readonly records: LaunchRecord[]; readonly damaged: string[] } {
  const records: LaunchRecord[] = [];
  const damaged: string[] = [];
  for (const name of readdirSync(layout.instances)) {
    const file = join(layout.instances, name, 'record.json');
    const value = jsonIn(file);
    const parsed = LaunchRecord.safeParse(value);
    if (parsed.success) records.push(parsed.data);
    else if (value === undefined) damaged.push(name);
    else {
      throw new Failure(
        'unavailable',
        `The instance ${name} was started by another version: ${file} has another form.`,
        {
          hint: `Use the version of friday that started it, or end it yourself and delete ${join(layout.instances, name)}.`,
          evidence: parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
        },
      );
    }
  }
  return { records, damaged };
}

function jsonIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
