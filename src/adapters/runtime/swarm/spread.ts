// Brings images to the nodes of a Swarm that has no registry: saved here, loaded there, by the engines' own commands.
import { spawn } from 'node:child_process';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../../core/failure.ts';
import type { Engine } from '../engine/client.ts';
import { keyedLocks } from '../process/locks.ts';

export type Spread = {
  /** What Swarm needs to have on every node, by its id. Brings it to those that lack it. Failure: `unavailable` (a node does not answer). */
  bring(imageId: string, name: string, nodes: readonly NodeEngine[]): Promise<void>;
  /** Whether it is known to be there. When it is not, it is being brought from now on; tried once a minute. Never throws. */
  isThere(imageId: string, name: string, node: NodeEngine): boolean;
};

export type NodeEngine = {
  readonly nodeId: string;
  readonly hostname: string;
  /** Of its engine, in the words of DOCKER_HOST: ssh://…, tcp://…, unix://… */
  readonly host: string;
};

const ASK_MS = 20_000;
const LOAD_MS = 600_000;
const KEPT_WORDS = 2000;
const AGAIN_MS = 60_000;

/** `name` is what the image is called besides its id, so that nobody takes it for a leftover. */
export function imageSpread(engine: Engine): Spread {
  const known = new Set<string>();
  const tried = new Map<string, number>();
  const lock = keyedLocks();
  const bringTo = async (imageId: string, name: string, node: NodeEngine) => {
    const key = `${node.nodeId} ${imageId}`;
    if (known.has(key)) return;
    if (!(await has(node, imageId))) await load(engine, name, node);
    known.add(key);
  };
  return {
    bring: async (imageId, name, nodes) => {
      const work = nodes.map((node) => lock(node.nodeId, () => bringTo(imageId, name, node)));
      const failed = (await Promise.allSettled(work)).find((one) => one.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
    isThere: (imageId, name, node) => {
      const key = `${node.nodeId} ${imageId}`;
      if (known.has(key)) return true;
      if (performance.now() - (tried.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return false;
      tried.set(key, performance.now());
      const end = () => tried.set(key, performance.now());
      void lock(node.nodeId, () => bringTo(imageId, name, node)).then(end, end);
      return false;
    },
  };
}

async function has(node: NodeEngine, imageId: string): Promise<boolean> {
  const { code, words } = await docker(node, ['image', 'inspect', '--format', '{{.Id}}', imageId], ASK_MS);
  if (code === 0) return true;
  if (/no such image/i.test(words)) return false;
  throw unreachable(node, words);
}

async function load(engine: Engine, name: string, node: NodeEngine): Promise<void> {
  const archive = await engine.stream('GET', `/images/${encodeURIComponent(name)}/get`);
  const { code, words } = await docker(node, ['image', 'load', '--quiet'], LOAD_MS, archive);
  if (code !== 0) throw unreachable(node, words);
}

function unreachable({ hostname, host }: NodeEngine, words: string): Failure {
  return new Failure('unavailable', `The image cannot be brought to the node ${hostname} at ${host}: ${words.trim()}`, {
    hint: `Try it: docker -H ${host} version. The address is in x-friday.swarm.nodes. With x-friday.swarm.registry nodes fetch images themselves.`,
  });
}

/** Runs the docker command against the engine of a node. Never rejects. */
async function docker(
  { host }: NodeEngine,
  words: readonly string[],
  timeoutMs: number,
  input?: NodeJS.ReadableStream,
): Promise<{ readonly code: number | null; readonly words: string }> {
  const child = spawn('docker', ['--host', host, ...words], { timeout: timeoutMs, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  const keep = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-KEPT_WORDS);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      said = error.message;
      resolve(null);
    });
    child.once('close', resolve);
  });
  // A command that ends early closes its input; what it said tells why.
  const fed = input === undefined ? child.stdin.end() : pipeline(input, child.stdin).catch(() => undefined);
  const code = await ended;
  await fed;
  return { code, words: said };
}
