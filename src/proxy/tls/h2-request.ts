// A request that came as an HTTP/2 stream, in the form that instances speak: HTTP/1.1.
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { ClientRequest } from '../edge/client.ts';
import type { Place } from '../edge/listener.ts';
import { RequestHead } from '../edge/request-head.ts';
import { isHost } from '../routing/route-map.ts';
import { RequestBody } from '../upstream/request-body.ts';
import type { Target } from '../upstream/target.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** Request targets have no others; Node's HTTP/1 parser lets more through only behind the path. */
const IS_PATH = /^\/[\x21-\x7e\x80-\xff]*$/;
const IS_METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

export class H2Request implements ClientRequest {
  readonly head: RequestHead;
  readonly method: string;
  readonly url: string;
  readonly httpVersionMajor = 2;
  /** It can do what 1.1 can. */
  readonly httpVersionMinor = 1;
  readonly socket: Socket;
  readonly rawTrailers: string[] = [];
  /** Where it goes; a sentence when it is malformed (Source: RFC 9113 section 8.3.1). */
  readonly place: Place | string;
  private readonly stream: ServerHttp2Stream;

  constructor(stream: ServerHttp2Stream, raw: readonly string[]) {
    const { pseudo, headers, problem } = sorted(raw);
    this.stream = stream;
    // Taken at once: a session that ends gives its socket away.
    this.socket = peerOf(stream);
    this.method = pseudo.get(':method') ?? '';
    this.url = pseudo.get(':path') ?? '';
    this.head = new RequestHead(headers);
    if (!stream.endAfterHeaders) {
      this.head.hasBody = true;
      this.head.isChunked = headers.every((one, i) => i % 2 === 1 || one !== 'content-length');
    } else this.head.hasBody = false;
    this.place = problem ?? this.head.problem ?? placeOf(this.method, this.url, this.head.host);
    stream.on('trailers', (_, __, trailers?: readonly string[]) => this.keepTrailers(trailers ?? []));
  }

  get isWhole(): boolean {
    return !this.head.hasBody || this.stream.readableEnded;
  }

  bodyFor(onMove: () => void): RequestBody {
    return new RequestBody(this.stream, onMove);
  }

  upstreamOf(target: Target): Upstream {
    return target.upstream;
  }

  /** Only this stream: others of its connection go on. */
  cutOff(): void {
    this.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  private keepTrailers(raw: readonly string[]): void {
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] as string;
      if (!name.startsWith(':')) this.rawTrailers.push(name, raw[i + 1] as string);
    }
  }
}

/** Address and encryption as any other connection shows them. */
function peerOf(stream: ServerHttp2Stream): Socket {
  const { socket } = stream.session ?? {};
  return { remoteAddress: socket?.remoteAddress, encrypted: true } as unknown as Socket;
}

type Sorted = {
  readonly pseudo: ReadonlyMap<string, string>;
  /** As HTTP/1.1 has them: Host first, and cookies in one. */
  readonly headers: readonly string[];
  readonly problem: string | null;
};

function sorted(raw: readonly string[]): Sorted {
  const pseudo = new Map<string, string>();
  const headers: string[] = [];
  const cookies: string[] = [];
  let host: string | null = null;
  let hosts = 0;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const value = raw[i + 1] as string;
    if (name.startsWith(':')) pseudo.set(name, value);
    else if (name === 'host') {
      host = value;
      hosts += 1;
    } else if (name === 'cookie') cookies.push(value);
    else headers.push(name, value);
  }
  const authority = pseudo.get(':authority') ?? host;
  // Source: RFC 9113 section 8.2.3.
  if (cookies.length > 0) headers.push('cookie', cookies.join('; '));
  if (authority !== null) headers.unshift('host', authority);
  const isTwofold =
    hosts > 1 || (host !== null && authority !== null && host.toLowerCase() !== authority.toLowerCase());
  return { pseudo, headers, problem: isTwofold ? 'The Host header is not the authority of the request.' : null };
}

function placeOf(method: string, url: string, host: string | undefined): Place | string {
  if (!IS_METHOD.test(method)) return 'The method is malformed.';
  if (host === undefined || host === '' || !isHost(host)) return 'The request names no host.';
  if (method === 'CONNECT') return { host, url: '/' };
  if (IS_PATH.test(url) || (url === '*' && method === 'OPTIONS')) return { host, url };
  return 'The request target is no path.';
}
