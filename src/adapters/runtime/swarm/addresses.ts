// Where the engines of nodes answer, as the file says: kept for the next control plane, which knows it before the next order.
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { ServiceSpec } from '../../../core/spec/project.ts';
import type { SwarmNode } from './objects.ts';

export type Addresses = {
  /** In the words of DOCKER_HOST; null = the file says nothing of it. */
  of(node: SwarmNode): string | null;
  /** What a file says now. */
  learn(spec: ServiceSpec): void;
  /** What an older version says, when nothing is known. */
  recall(spec: ServiceSpec): void;
};

const Known = z.record(z.string(), z.string());

/** `file` null = kept by this process only. */
export function addressesIn(file: string | null): Addresses {
  let known = file === null ? {} : written(file);
  const learn = (spec: ServiceSpec) => {
    const engines = spec.container?.placement.engines ?? {};
    if (JSON.stringify(engines) === JSON.stringify(known)) return;
    known = engines;
    if (file !== null) writeFileSync(file, `${JSON.stringify(known)}\n`, { mode: 0o600 });
  };
  return {
    of: ({ ID, Description }) => known[Description.Hostname] ?? known[ID] ?? null,
    learn,
    recall: (spec) => {
      if (Object.keys(known).length === 0) learn(spec);
    },
  };
}

function written(file: string): z.infer<typeof Known> {
  try {
    return Known.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
