// Builds an image with the docker command, which knows contexts, ignore files and BuildKit.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../core/failure.ts';
import type { ImageBuild } from '../../../core/spec/container.ts';

export type Building = {
  readonly service: string;
  readonly build: ImageBuild;
  /** In the words of DOCKER_HOST. */
  readonly host: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly timeoutMs: number;
};

/** Last words of a failed build, at most. */
const EVIDENCE_LINES = 20;
const KEPT_CHARACTERS = 20_000;

/** Id of the image. Failures: `invalid` (the build failed: its last lines are the evidence), `unavailable` (no docker command). */
export async function buildImage(building: Building): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'friday-build-'));
  try {
    const file = join(folder, 'image');
    await run(building, wordsOf(building, file));
    return (await readFile(file, 'utf8')).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function wordsOf({ build, labels, tags }: Building, idFile: string): string[] {
  const option = (name: string, values: readonly string[]) => values.flatMap((value) => [name, value]);
  const pairs = (of: Readonly<Record<string, string>>) => Object.entries(of).map(([name, value]) => `${name}=${value}`);
  const one = (name: string, value: string | null) => (value === null ? [] : [name, value]);
  return [
    'build',
    ...['--iidfile', idFile],
    ...option('--tag', tags),
    ...option('--label', pairs({ ...build.labels, ...labels })),
    ...option('--build-arg', pairs(build.args)),
    ...option('--cache-from', build.cacheFrom),
    ...option('--add-host', build.extraHosts),
    ...one('--target', build.target),
    ...one('--network', build.network),
    ...one('--platform', build.platform),
    ...(build.isCacheOff ? ['--no-cache'] : []),
    ...(build.isPulled ? ['--pull'] : []),
    ...one('--file', dockerfileOf(build)),
    build.context,
  ];
}

function dockerfileOf({ context, dockerfile, dockerfileInline }: ImageBuild): string | null {
  if (dockerfileInline !== null) return '-';
  if (dockerfile === null) return null;
  return dockerfile.startsWith('/') || !context.startsWith('/') ? dockerfile : join(context, dockerfile);
}

function run({ service, build, host, timeoutMs }: Building, words: readonly string[]): Promise<void> {
  const { DOCKER_CONTEXT: _, ...own } = process.env;
  // The engine's own builder: another one would keep the image to itself.
  const env = { ...own, DOCKER_HOST: host, BUILDX_BUILDER: 'default' };
  const child = spawn('docker', words, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-KEPT_CHARACTERS);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.stdin.on('error', () => undefined);
  child.stdin.end(build.dockerfileInline ?? '');
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(timer);
      const hint = 'Install it (Debian: "apt-get install docker.io"), or give the service an image instead of build.';
      const why = `The image of ${service} cannot be built: the docker command cannot be run: ${error.message}.`;
      reject(new Failure('unavailable', why, { hint }, { cause: error }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) return resolve();
      const how = isLate
        ? `it took longer than ${timeoutMs / 60_000} minutes`
        : `docker build ended with ${signal ?? `exit status ${code}`}`;
      const evidence = output
        .split('\n')
        .filter((line) => line.trim() !== '')
        .slice(-EVIDENCE_LINES);
      reject(new Failure('invalid', `The image of ${service} cannot be built: ${how}.`, { evidence }));
    });
  });
}
