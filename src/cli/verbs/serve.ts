// friday serve: the control plane of this project, in this process, until it is stopped.
import { resolve } from 'node:path';
import type { ExitCode } from '../../api/tables.ts';
import type { Call } from '../call.ts';
import { ownPlace } from '../connect.ts';
import { readProjectOf } from '../open.ts';

export type ServeOptions = { readonly port?: number | undefined; readonly background?: true | undefined };

/** A broken compose file is no reason not to run: what was started goes on. */
export async function serve(call: Call, options: ServeOptions): Promise<ExitCode> {
  call.interrupt();
  outliveReaders();
  const { serve: run } = await import('../../serve.ts');
  const { project, place } = ownPlace(call);
  const read = readProjectOf(call).project;
  const running = await run({
    project,
    balancer: read?.balancer ?? null,
    runtime: read?.runtime ?? null,
    file: resolve(call.cwd, read?.file ?? call.flags.file[0] ?? 'compose.yaml'),
    ...place,
    port: options.port ?? null,
    isForeground: options.background !== true,
  });
  if (options.background !== true) {
    call.terminal.say(`${project} is served at ${running.socketPath} and ${running.url}`);
  }
  await running.ended;
  return 0;
}

/** Nobody needs to read what it writes: the end of a pipe must not end the control plane. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error');
    stream.on('error', () => {});
  }
}
