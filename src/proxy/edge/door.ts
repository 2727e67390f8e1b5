// What is answered at the public addresses before a service is looked for: questions of an authority, and the way to HTTPS.
import { CHALLENGE_PATH, type Table } from '../../core/traffic.ts';
import type { ClientResponse } from './client.ts';
import type { Place } from './listener.ts';
import { answerItself } from './own-answer.ts';

const HTTPS_PORT = 443;

/** Null when a table asks for neither. `httpsPort` is where HTTPS is. */
export function doorOf({ tls, challenges = [] }: Table, httpsPort: number): Door | null {
  const port = tls === undefined || tls.redirectPort === null ? null : tls.redirectPort || httpsPort;
  if (port === null && challenges.length === 0) return null;
  return new Door(port, new Map(challenges.map(({ token, answer }) => [`${CHALLENGE_PATH}${token}`, answer])));
}

export class Door {
  private readonly redirectPort: number | null;
  private readonly answersByPath: ReadonlyMap<string, string>;

  constructor(redirectPort: number | null, answersByPath: ReadonlyMap<string, string>) {
    this.redirectPort = redirectPort;
    this.answersByPath = answersByPath;
  }

  /** True when it has answered. */
  answers({ host, url }: Place, response: ClientResponse, isSecure: boolean): boolean {
    if (url.startsWith(CHALLENGE_PATH)) {
      const answer = this.answersByPath.get(url);
      if (answer === undefined) return false;
      response.writeHead(200, ['content-type', 'application/octet-stream', 'content-length', String(answer.length)]);
      response.end(answer, 'latin1');
      return true;
    }
    if (isSecure || this.redirectPort === null || isEncryptedInFront(response)) return false;
    const name = host.replace(/:\d*$/, '');
    if (name === '') answerItself(response, 400, { detail: 'The Host header is missing.' });
    else answerItself(response, 308, { location: this.secureUrl(name, url) });
    return true;
  }

  private secureUrl(name: string, url: string): string {
    const port = this.redirectPort === HTTPS_PORT ? '' : `:${this.redirectPort}`;
    return `https://${name}${port}${url === '*' ? '/' : url}`;
  }
}

/** What ends TLS on this machine in front would otherwise be sent round in a circle. */
function isEncryptedInFront({ req: { head, socket } }: ClientResponse): boolean {
  if (head.forwardedProto !== 'https') return false;
  const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return peer.startsWith('127.') || peer === '::1';
}
