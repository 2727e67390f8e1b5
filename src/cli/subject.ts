// What a command is about: SERVICE or SERVICE@VERSION.
import { Failure } from '../core/failure.ts';

export type Subject = { readonly service: string; readonly version: number | null };

/** `api` or `api@v42` (`api@42` too). Failure: `invalid`. */
export function parseSubject(text: string): Subject {
  const [, service, version] = /^([^@]+?)(?:@v?(\d{1,9}))?$/.exec(text) ?? [];
  if (service === undefined || service === '') {
    throw new Failure('invalid', `"${text}" is no subject: expected SERVICE or SERVICE@VERSION, for example api@v42.`);
  }
  return { service, version: version === undefined ? null : Number(version) };
}

/** `v42` or `42`. Failure: `invalid`. */
export function parseVersion(text: string): number {
  const match = /^v?(\d{1,9})$/.exec(text);
  if (!match || Number(match[1]) < 1) {
    throw new Failure('invalid', `"${text}" is no version: expected v1, v2 and so on.`);
  }
  return Number(match[1]);
}
