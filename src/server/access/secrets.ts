// Secrets that we draw ourselves: 256 random bits, of which only the SHA-256 is kept. They need no slow hash: nobody can try them all.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What is kept of a secret; `id` is a part of the digest, good for lists and links. */
export type Drawn = { readonly secret: string; readonly digest: string; readonly id: string };

/** Tokens begin so, that scanners for secrets find one that was checked in: `fri_[0-9A-Za-z]{43}`. */
export const TOKEN_PREFIX = 'fri_';

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 43 letters of 62 are 256 bits. */
const LENGTH = 43;

export function drawSecret(prefix = ''): Drawn {
  const secret = prefix + letters();
  const digest = digestOf(secret);
  return { secret, digest, id: idOf(digest) };
}

/** Bytes above the highest multiple of 62 are passed over, so that all letters are equally likely. */
function letters(): string {
  let text = '';
  while (text.length < LENGTH) {
    for (const byte of randomBytes(64)) if (byte < 248 && text.length < LENGTH) text += LETTERS[byte % 62];
  }
  return text;
}

/** SHA-256 in base64url. */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

export function idOf(digest: string): string {
  return digest.slice(0, 12);
}

/** Compares digests, so that neither time nor length tells anything about a secret. */
export function isSame(given: string, expected: string): boolean {
  const bytes = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(bytes(given), bytes(expected));
}

/** What a page must send beside its cookie; who cannot read our answers does not know it. */
export function csrfOf(cookie: string): string {
  return digestOf(`csrf ${cookie}`).slice(0, 32);
}
