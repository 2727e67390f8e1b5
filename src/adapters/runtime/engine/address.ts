// Where Docker Engine answers: what DOCKER_HOST says, else what the docker command would use.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from '../../../core/failure.ts';

export type EngineAddress =
  | { readonly type: 'socket'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number; readonly certificates: string | null };

export const DEFAULT_HOST = 'unix:///var/run/docker.sock';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The address in the words of DOCKER_HOST: that variable, else the current context of the docker command (DOCKER_CONTEXT, or the one
 * in its configuration file), else the usual socket. A context that cannot be read counts as none.
 */
export function engineHost(variables: Variables = process.env): string {
  const { DOCKER_HOST: host } = variables;
  if (host !== undefined && host !== '') return host;
  const folder = variables.DOCKER_CONFIG ?? join(variables.HOME ?? '/', '.docker');
  const Config = z.object({ currentContext: z.string().optional() });
  const context = variables.DOCKER_CONTEXT ?? readJson(join(folder, 'config.json'), Config)?.currentContext;
  if (context === undefined || context === '' || context === 'default') return DEFAULT_HOST;
  const name = createHash('sha256').update(context).digest('hex');
  const Meta = z.object({ Endpoints: z.object({ docker: z.object({ Host: z.string().min(1) }) }) });
  return readJson(join(folder, 'contexts', 'meta', name, 'meta.json'), Meta)?.Endpoints.docker.Host ?? DEFAULT_HOST;
}

function readJson<T>(file: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

/** What a text in the words of DOCKER_HOST means. Failure: `invalid` (not unix:// or tcp://). */
export function parseHost(text: string, variables: Variables = process.env): EngineAddress {
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  if (scheme === 'unix' && rest !== '') return { type: 'socket', path: rest.startsWith('/') ? rest : `/${rest}` };
  if (scheme === 'tcp' && URL.canParse(`http://${rest}`)) {
    const isTls = (variables.DOCKER_TLS_VERIFY ?? '') !== '';
    const folder = variables.DOCKER_CERT_PATH ?? join(variables.HOME ?? '/', '.docker');
    const { hostname, port } = new URL(`http://${rest}`);
    const usual = isTls ? 2376 : 2375;
    return {
      type: 'tcp',
      host: hostname,
      port: port === '' ? usual : Number(port),
      certificates: isTls ? folder : null,
    };
  }
  throw new Failure('invalid', `DOCKER_HOST is "${text}"; expected unix:///path/of/socket or tcp://host:port.`, {
    hint:
      scheme === 'ssh'
        ? 'friday runs on the machine of its engine: run it there.'
        : 'Correct it, or unset it to use the usual socket.',
  });
}
