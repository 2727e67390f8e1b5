// One HTTP request to somebody else's service: no redirects, a time limit, a small answer, errors without addresses.
import { TryLater } from '../../ports/notifier.ts';

export type Answer = { readonly status: number; readonly body: string };

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 64 * 1024;

/** Statuses that may be another one later. Source: RFC 9110, section 15; RFC 6585, section 4. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Posts, and gives the answer whatever its status, but for those that ask to try later. Throws `TryLater`. */
export async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  const whole = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  let answer: Response;
  try {
    answer = await fetch(url, { method: 'POST', body, headers, redirect: 'manual', signal: whole });
  } catch (error) {
    throw new TryLater(`no answer: ${reasonOf(error)}`, null, { cause: error });
  }
  const text = await firstBytes(answer).catch(() => '');
  if (LATER.has(answer.status)) {
    throw new TryLater(`it answered ${answer.status}`, retryAfter(answer.headers.get('retry-after')));
  }
  return { status: answer.status, body: text };
}

/** The code alone: messages name the address, which may be the secret. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'the connection broke';
  if (error.name === 'TimeoutError') return `nothing within ${TIMEOUT_MS / 1000} s`;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  return typeof code === 'string' ? code : 'the connection broke';
}

async function firstBytes(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, MOST_BYTES);
}

/** Seconds only; a date is rare. At most an hour. Source: RFC 9110, section 10.2.3. */
function retryAfter(text: string | null): number | null {
  const seconds = text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
  return seconds === null ? null : Math.min(seconds, 3600) * 1000;
}
