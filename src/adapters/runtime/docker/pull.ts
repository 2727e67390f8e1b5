// Fetches images from their registry, with the credentials that the docker command has.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from '../../../core/failure.ts';
import type { Engine } from '../engine/client.ts';

const HUB = 'https://index.docker.io/v1/';
const HELPER_MS = 10_000;
const DISTRIBUTION_MS = 10_000;

/** Failures: `not-found` (the registry does not have it, or not for these credentials), `unavailable` (it cannot be asked). */
export async function pullImage(
  engine: Engine,
  service: string,
  reference: string,
  platform: string | null,
): Promise<void> {
  const isTagged = /@|:[^:/]+$/.test(reference);
  const query = {
    fromImage: reference,
    ...(isTagged ? {} : { tag: 'latest' }),
    ...(platform === null ? {} : { platform }),
  };
  try {
    const body = await engine.stream('POST', '/images/create', { query, headers: await credentialsFor(reference) });
    const words = Buffer.concat(await body.toArray()).toString();
    const error = words.split('\n').flatMap((line) => errorIn(line))[0];
    if (error !== undefined) throw new Failure('unavailable', error);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const code = error.code === 'not-found' ? 'not-found' : 'unavailable';
    const message = `The image ${reference} of ${service} is not on this machine and cannot be pulled: ${error.message.replace(/\.?$/, '.')}`;
    const hint = `Try "docker pull ${reference}"; for a private registry "docker login" first; or load it with "docker load".`;
    throw new Failure(code, message, { hint }, { cause: error });
  }
}

/** The registry reports problems in the stream of an answer that began well. */
function errorIn(line: string): string[] {
  const Progress = z.object({ error: z.string() });
  try {
    const parsed = Progress.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data.error] : [];
  } catch {
    return [];
  }
}

/** The digest that the registry has for a name now; null when it cannot be asked. */
export async function registryDigest(engine: Engine, reference: string): Promise<string | null> {
  const Distribution = z.object({ Descriptor: z.object({ digest: z.string() }) });
  try {
    const headers = await credentialsFor(reference);
    const ask = { headers, timeoutMs: DISTRIBUTION_MS };
    return (await engine.get(`/distribution/${reference}/json`, Distribution, ask)).Descriptor.digest;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

const Config = z.object({
  auths: z
    .record(z.string(), z.looseObject({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});

/** As the docker command finds them: its configuration file, or a helper that this names. None is no mistake. */
async function credentialsFor(reference: string): Promise<Record<string, string>> {
  const [first = ''] = reference.split('/');
  const registry = reference.includes('/') && /[.:]|^localhost$/.test(first) ? first : HUB;
  const folder = process.env.DOCKER_CONFIG ?? join(process.env.HOME ?? '/', '.docker');
  let config: z.infer<typeof Config>;
  try {
    config = Config.parse(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')));
  } catch {
    return {};
  }
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  const found = (helper === undefined ? null : await askHelper(helper, registry)) ?? plainIn(config, registry);
  if (found === null) return {};
  const text = JSON.stringify({ ...found, serveraddress: registry });
  return { 'x-registry-auth': Buffer.from(text).toString('base64url') };
}

function plainIn({ auths = {} }: z.infer<typeof Config>, registry: string): Record<string, string> | null {
  const entry = auths[registry] ?? auths[`https://${registry}`];
  if (entry?.identitytoken !== undefined) return { identitytoken: entry.identitytoken };
  if (entry?.auth === undefined) return null;
  const [username = '', ...password] = Buffer.from(entry.auth, 'base64').toString().split(':');
  return { username, password: password.join(':') };
}

/** Source: docker-credential-helpers: `docker-credential-NAME get` reads the registry and writes JSON. */
function askHelper(name: string, registry: string): Promise<Record<string, string> | null> {
  const Answer = z.object({ Username: z.string(), Secret: z.string() });
  return new Promise((resolve) => {
    const child = execFile(`docker-credential-${name}`, ['get'], { timeout: HELPER_MS }, (error, output) => {
      if (error !== null) return resolve(null);
      try {
        const { Username, Secret } = Answer.parse(JSON.parse(output));
        resolve(Username === '<token>' ? { identitytoken: Secret } : { username: Username, password: Secret });
      } catch {
        resolve(null);
      }
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(registry);
  });
}
