// The W3C trace context of a request: kept when valid, started when not (Source: W3C Trace Context level 1, section 3.2).
import { hexDigits } from '../chance.ts';

const SHAPE = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_PARENT = '0'.repeat(16);

export function isTraceparent(value: string): boolean {
  const parts = SHAPE.exec(value);
  if (!parts) return false;
  const [, version, trace, parent, rest] = parts;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return false;
  return trace !== NO_TRACE && parent !== NO_PARENT;
}

/** A new trace, marked as sampled so that the services behind decide for themselves what to record. */
export function startTraceparent(): string {
  return `00-${hexDigits(32)}-${hexDigits(16)}-01`;
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
