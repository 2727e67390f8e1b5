// Secrets and configs of the file as Swarm secrets: kept encrypted by the managers, in memory on the node that needs them.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Failure, sentenceOf } from '../../../core/failure.ts';
import type { ContainerFile } from '../../../core/spec/container.ts';
import type { Engine } from '../engine/client.ts';
import { Created, Labels } from '../engine/objects.ts';
import { LABELS } from './labels.ts';
import type { SecretReference } from './service-spec.ts';

/** What a Swarm takes. Source: docs.docker.com, "Manage sensitive data with Docker secrets". */
const MOST_BYTES = 500_000;

const Secret = z.object({ ID: z.string(), Spec: z.object({ Name: z.string(), Labels }) });

/** Makes those that are missing; equal content is one secret. Failures: `invalid` (no such file, too large), `not-found` (an external one). */
export async function ensureSecrets(
  engine: Engine,
  project: string,
  files: readonly ContainerFile[],
): Promise<readonly SecretReference[]> {
  if (files.length === 0) return [];
  const known = new Map((await engine.get('/secrets', z.array(Secret))).map(({ ID, Spec }) => [Spec.Name, ID]));
  const references: SecretReference[] = [];
  for (const file of files) {
    const { name, id } = await secretOf(engine, project, file, known);
    const { target, uid, gid, mode } = file;
    references.push({ id, name, target, uid, gid, mode });
  }
  return references;
}

async function secretOf(
  engine: Engine,
  project: string,
  { name, from }: ContainerFile,
  known: Map<string, string>,
): Promise<{ readonly name: string; readonly id: string }> {
  if (from.type === 'external') {
    const id = known.get(from.name);
    if (id !== undefined) return { name: from.name, id };
    const hint = `docker secret create ${from.name} FILE`;
    throw new Failure('not-found', `The external secret ${from.name} is not there.`, { hint });
  }
  const content = from.type === 'text' ? Buffer.from(from.text) : await contentOf(name, from.path);
  if (content.length > MOST_BYTES) {
    throw new Failure('invalid', `${name} has ${content.length} bytes; expected at most ${MOST_BYTES}.`);
  }
  const digest = createHash('sha256').update(content).digest('hex').slice(0, 12);
  const full = `${project}_${name}`.slice(0, 64 - digest.length - 1);
  const own = `${full}-${digest}`;
  const there = known.get(own);
  if (there !== undefined) return { name: own, id: there };
  const labels = { [LABELS.stack]: project, [LABELS.project]: project };
  const body = { Name: own, Labels: labels, Data: content.toString('base64') };
  const { Id, ID } = await engine.post('/secrets/create', Created.partial().extend({ ID: z.string().optional() }), {
    body,
  });
  const id = ID ?? Id ?? '';
  known.set(own, id);
  return { name: own, id };
}

async function contentOf(name: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Failure('invalid', `The file of ${name} cannot be read: ${sentenceOf(error)}.`, {}, { cause: error });
  }
}

/** Forgets the project's secrets that no service has; those in use are refused by Swarm itself. */
export async function pruneSecrets(engine: Engine, project: string): Promise<void> {
  const filters = JSON.stringify({ label: [`${LABELS.project}=${project}`] });
  const all = await engine.get('/secrets', z.array(Secret), { query: { filters } });
  await Promise.allSettled(all.map(({ ID }) => engine.order('DELETE', `/secrets/${ID}`)));
}
