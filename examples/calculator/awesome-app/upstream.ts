// Calls another service: a time limit, the trace and the client kept, and every way to fail told apart.
import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from './http/problem.ts';

/** Passed on, so that a request can be followed and a client keeps its version through all services. */
const PASSED_ON = [
  'traceparent',
  'tracestate',
  'baggage',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'cookie',
];

/** What the caller of the page learns about who answered: version by service, null = not known. */
export type AnsweredBy = Readonly<Record<string, string | null>>;

export type UpstreamAnswer = { readonly body: Readonly<Record<string, unknown>>; readonly answeredBy: AnsweredBy };

export type Upstream = {
  /**
   * Problems: the service's own 4xx as it is; 502 when the service failed, with `failed` naming it and its status;
   * 503 when it cannot be reached; 504 after `timeoutMs`.
   */
  call(path: string, headers: IncomingHttpHeaders, json?: unknown): Promise<UpstreamAnswer>;
};

export function createUpstream(name: string, url: string, timeoutMs: number): Upstream {
  return {
    async call(path, headers, json) {
      const { response, body } = await request(name, `${url}${path}`, timeoutMs, headers, json);
      const answeredBy = { [name]: response.headers.get('x-friday-version') };
      const problem = () => body as { title?: unknown; detail?: unknown };
      if (response.status < 400) return { body, answeredBy };
      if (response.status < 500) {
        throw new Problem(response.status, text(problem().title, 'Refused'), text(problem().detail, ''), {
          answeredBy,
        });
      }
      // A service signs its answers; a 5xx without its name was made by something in between, and nobody answered.
      if (response.headers.get('server') !== name) {
        throw new Problem(
          503,
          `${name} cannot be reached`,
          `Nobody answered for ${name} (${response.status}). Try again.`,
        );
      }
      const failed = { service: name, status: response.status };
      const detail = `${name} answered ${response.status}: ${text(problem().title, 'no reason given')}. Try again.`;
      throw new Problem(502, `${name} failed`, detail, { failed, answeredBy });
    },
  };
}

async function request(name: string, url: string, timeoutMs: number, headers: IncomingHttpHeaders, json?: unknown) {
  const passed = new Headers({ accept: 'application/json' });
  for (const key of PASSED_ON) {
    const value = headers[key];
    if (typeof value === 'string') passed.set(key, value);
  }
  if (json !== undefined) passed.set('content-type', 'application/json');
  try {
    const response = await fetch(url, {
      method: json === undefined ? 'GET' : 'POST',
      headers: passed,
      body: json === undefined ? null : JSON.stringify(json),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await readObject(response);
    return { response, body };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      throw new Problem(504, `${name} is too slow`, `${name} did not answer within ${timeoutMs} ms. Try again.`);
    }
    const code = (error as { cause?: { code?: unknown } }).cause?.code;
    throw new Problem(
      503,
      `${name} cannot be reached`,
      `${name} did not answer (${text(code, 'cut off')}). Try again.`,
    );
  }
}

/** The body as an object; a body that is none, as error pages of proxies are, counts as empty. */
async function readObject(response: Response): Promise<Record<string, unknown>> {
  const body = await response.text();
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function text(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value !== '' ? value : otherwise;
}
