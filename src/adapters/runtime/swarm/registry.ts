// Pushes images to a registry, from where every node fetches them; who may do so is what `docker login` wrote.
import { spawn } from 'node:child_process';
import { Failure } from '../../../core/failure.ts';
import type { Engine } from '../engine/client.ts';

const PUSH_MS = 1_800_000;
const EVIDENCE_LINES = 20;

/** `friday/shop-web:0123456789ab` goes to `registry.example.com/team/shop-web:0123456789ab`. Failure: `unavailable`. */
export async function pushImage(engine: Engine, name: string, registry: string): Promise<void> {
  const [path = '', tag = ''] = name.split(':');
  const repository = `${registry}/${path.replace(/^friday\//, '')}`;
  await engine.order('POST', `/images/${name}/tag`, { query: { repo: repository, tag } });
  const reference = `${repository}:${tag}`;
  const { code, words } = await push(engine.host, reference);
  if (code === 0) return;
  throw new Failure('unavailable', `The image ${reference} cannot be pushed.`, {
    hint: `Try it: docker push ${reference}. Not signed in? docker login ${registry.split('/')[0]}`,
    evidence: words.trim().split('\n').slice(-EVIDENCE_LINES),
  });
}

function push(host: string, reference: string): Promise<{ readonly code: number | null; readonly words: string }> {
  return new Promise((resolve) => {
    const words = ['--host', host, 'push', '--quiet', reference];
    const child = spawn('docker', words, { timeout: PUSH_MS, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4000);
      });
    }
    child.once('error', (error) => resolve({ code: null, words: error.message }));
    child.once('close', (code) => resolve({ code, words: said }));
  });
}
