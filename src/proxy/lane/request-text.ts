// A request as it goes to an instance on the fast lane; the same that the pool sends.
import type { UpstreamRequest } from '../upstream/upstream.ts';

/** Methods whose requests say how long their body is, even if there is none (Source: RFC 9110 section 8.6). */
const HAS_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/** The head of a request with `length` bytes of body. */
export function headText({ method, path, headers }: UpstreamRequest, length: number): string {
  let text = `${method} ${path} HTTP/1.1\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name.length === 14 && name.toLowerCase() === 'content-length') continue;
    text += `${name}: ${headers[i + 1]}\r\n`;
  }
  text += 'connection: keep-alive\r\n';
  return length > 0 || HAS_CONTENT.has(method) ? `${text}content-length: ${length}\r\n\r\n` : `${text}\r\n`;
}
