// One request of a pretend user and how it ended.
import { type Agent, request as httpRequest } from 'node:http';
import { type Kind, keepCookie, type Step, type Visitor } from './visitor.ts';

/** What one user got. */
export type UserResult = {
  readonly kind: Kind;
  readonly method: string;
  readonly path: string;
  /** 0 = no answer. */
  readonly status: number;
  /** Until the last byte, in milliseconds. */
  readonly ms: number;
  /** A 5xx or no answer: the user saw that something is wrong. */
  readonly hasFailed: boolean;
  /** No answer, or a 5xx that none of the services made: somebody between lost the request. */
  readonly wasDropped: boolean;
  /** The greeting that was shown or liked. */
  readonly variant: string | null;
  /** Version that answered, by service, as far as the answer tells. */
  readonly answeredBy: Readonly<Record<string, string>>;
};

export type Turn = {
  readonly url: string;
  readonly agent: Agent;
  readonly visitor: Visitor;
  readonly step: Step;
  readonly timeoutMs: number;
};

/** Never rejects. */
export async function act({ url, agent, visitor, step, timeoutMs }: Turn): Promise<UserResult> {
  const started = performance.now();
  const { kind, method, path } = step;
  const about = () => ({ kind, method, path, ms: performance.now() - started });
  try {
    const { status, headers, body } = await exchange({ url, agent, visitor, step, timeoutMs });
    const json = parseObject(body);
    const hasFailed = status >= 500;
    // awesome-app signs what it answers, and answers 503 or 504 when nobody answered it.
    const isByService = headers.server === 'awesome-app' && status !== 503 && status !== 504;
    return {
      ...about(),
      status,
      hasFailed,
      wasDropped: hasFailed && !isByService,
      variant: typeof json.variant === 'string' ? json.variant : null,
      answeredBy: answeredBy(headers['x-friday-version'], json.answeredBy),
    };
  } catch {
    return { ...about(), status: 0, hasFailed: true, wasDropped: true, variant: null, answeredBy: {} };
  }
}

type Exchanged = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

function exchange({ url, agent, visitor, step, timeoutMs }: Turn): Promise<Exchanged> {
  const { promise, resolve, reject } = Promise.withResolvers<Exchanged>();
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const request = httpRequest(new URL(step.path, url), {
    agent,
    method: step.method,
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      ...(cookie === '' ? {} : { cookie }),
      ...(step.body === null
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(step.body) }),
    },
  });
  request.on('error', reject);
  request.on('response', (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
    });
    response.on('error', reject);
    response.on('end', () => {
      for (const line of response.headers['set-cookie'] ?? []) keepCookie(visitor, line);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
    });
  });
  request.end(step.body ?? undefined);
  return promise;
}

function parseObject(body: string): Record<string, unknown> {
  if (!body.startsWith('{')) return {};
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function answeredBy(page: unknown, others: unknown): Record<string, string> {
  const versions = { 'awesome-app': page, ...(typeof others === 'object' ? others : {}) };
  return Object.fromEntries(
    Object.entries(versions).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
