// The version of fridaymorning that this process began with: what is installed later does not change it.
import { readFileSync } from 'node:fs';

/** In package.json, two folders above this file both unbuilt and compiled. */
export const OWN_VERSION: string = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
).version;
