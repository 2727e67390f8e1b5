// The opaque id by which a sticky service recognises a client, and the arm it belongs to.
import { hash } from 'node:crypto';
import { hexDigits } from '../chance.ts';

const COOKIE = 'friday_client';
const PREFIX = `${COOKIE}=`;
const MAX_AGE_S = 30 * 24 * 3600;
const DIGITS = 32;
const IS_ID = /^[0-9a-f]{32}$/;

/** The id in one Cookie header; null when there is none or it is none of ours. */
export function clientIdIn(cookies: string): string | null {
  let at = cookies.indexOf(PREFIX);
  while (at > 0 && cookies[at - 1] !== ' ' && cookies[at - 1] !== ';') at = cookies.indexOf(PREFIX, at + 1);
  if (at < 0) return null;
  const from = at + PREFIX.length;
  const to = cookies.indexOf(';', from);
  const id = cookies.slice(from, to < 0 ? undefined : to).trim();
  return IS_ID.test(id) ? id : null;
}

export function mintClientId(): string {
  return hexDigits(DIGITS);
}

/** Value of the Set-Cookie header that makes a client keep its id. */
export function cookieOf(id: string): string {
  return `${PREFIX}${id}; Path=/; Max-Age=${MAX_AGE_S}; HttpOnly; SameSite=Lax`;
}

/**
 * Uniform in [0, 100), the same for the same id and salt, independent between salts. A client belongs to the candidate
 * while its bucket is below the weight, so a rising weight never moves a client back.
 */
export function bucketOfClient(id: string, salt: string): number {
  const digest = hash('sha256', `${id}:${salt}`, 'hex');
  return (Number.parseInt(digest.slice(0, 12), 16) / 2 ** 48) * 100;
}
