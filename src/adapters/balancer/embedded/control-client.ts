// One question to the proxy's control socket, and its problems as failures.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Failure, type FailureCode } from '../../../core/failure.ts';

/** Time for an answer; a table waits for listeners and the disk at most. */
const TIMEOUT_MS = 10_000;
const CODES: readonly FailureCode[] = ['invalid', 'not-found', 'conflict', 'refused', 'unavailable', 'timeout'];

/** The parsed answer. Failures: `unavailable` (nobody listens, no answer in time), else what the proxy says. */
export async function ask(socket: string, method: string, path: string, body?: string): Promise<unknown> {
  const { status, text } = await exchange(socket, method, path, body);
  const value = parse(text);
  if (status < 300) return value;
  const problem = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const code = CODES.find((one) => one === problem.code) ?? 'unavailable';
  const detail = typeof problem.detail === 'string' ? problem.detail : `The proxy answered ${status}.`;
  throw new Failure(code, detail, typeof problem.hint === 'string' ? { hint: problem.hint } : {});
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: string | undefined,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(new Failure('unavailable', `The proxy does not answer on ${socketPath}: ${error.message}.`));
    const request = httpRequest({ socketPath, method, path, agent: false, timeout: TIMEOUT_MS }, (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), fail);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on('error', fail);
    request.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure('unavailable', `The proxy answered something that is not JSON: "${text.slice(0, 80)}".`);
  }
}
