// The headers of an answer on their way from the instance to the client.

export type ResponseHead = {
  /** Name, value, name, value. */
  readonly headers: string[];
  readonly hasLength: boolean;
  readonly isEventStream: boolean;
  /** Names of the trailers that the instance announced. */
  readonly trailer: string | null;
};

const HOP_BY_HOP = new Set([
  'te',
  'upgrade',
  'trailer',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'proxy-authenticate',
  'x-friday-version',
]);
const PLAIN_CONNECTION = /^(keep-alive|close|upgrade)$/i;
const EVENT_STREAM = /^text\/event-stream\b/i;
/** Lengths of the names that need a closer look. */
const IS_LOOKED_AT: readonly boolean[] = Array.from({ length: 20 }, (_, length) =>
  [2, 7, 10, 12, 14, 16, 17, 18].includes(length),
);

/** Removes what is for one hop only, adds the version that answered and, for a client that is new, its id. */
export function responseHeadOf(raw: readonly string[], label: string, cookie: string | null): ResponseHead {
  const headers: string[] = [];
  let hasLength = false;
  let isEventStream = false;
  let connection: string | null = null;
  let trailer: string | null = null;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    if (IS_LOOKED_AT[name.length] === true) {
      const lower = name.toLowerCase();
      if (lower === 'content-length') hasLength = true;
      else if (lower === 'content-type') isEventStream = EVENT_STREAM.test(value);
      else if (lower === 'connection') connection = connection === null ? value : `${connection},${value}`;
      else if (lower === 'trailer') trailer = value;
      if (HOP_BY_HOP.has(lower)) continue;
    }
    headers.push(name, value);
  }
  const kept = connection === null || PLAIN_CONNECTION.test(connection) ? headers : withoutNamed(headers, connection);
  kept.push('x-friday-version', label);
  if (cookie !== null) kept.push('set-cookie', cookie);
  return { headers: kept, hasLength, isEventStream, trailer };
}

function withoutNamed(headers: readonly string[], connection: string): string[] {
  const names = new Set(
    connection
      .toLowerCase()
      .split(',')
      .map((one) => one.trim()),
  );
  names.delete('content-length');
  return withoutNames(headers, (name) => names.has(name));
}

/** The raw headers but those whose lower-case name is out. */
export function withoutNames(headers: readonly string[], isOut: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!isOut(name.toLowerCase())) kept.push(name, headers[i + 1] as string);
  }
  return kept;
}

/** Fields that must not come behind a body (Source: RFC 9110 section 6.5.1). */
const NEVER_TRAILERS = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'content-type',
  'content-encoding',
  'content-range',
  'authorization',
  'set-cookie',
  'cookie',
]);

/** The trailers that may be passed on. */
export function cleanTrailers(raw: readonly string[]): string[] {
  return withoutNames(raw, (name) => NEVER_TRAILERS.has(name));
}
