// Which HAProxy can be the balancer, by what it says of itself.

const OLDEST_MAJOR = 2;
const OLDEST_MINOR = 6;
/** Lua lets requests wait, threads are what it runs on by default. */
const NEEDED = ['LUA', 'THREAD'];

/** The version in the text of `haproxy -vv`, as `2.6.12-1`; null when there is none. */
export function haproxyVersion(text: string): string | null {
  return /HAProxy version (\d+\.\d+\S*)/i.exec(text)?.[1] ?? null;
}

/** What is wrong with this HAProxy, by the text of `haproxy -vv`; null when nothing is. */
export function lackOf(text: string): string | null {
  const version = haproxyVersion(text);
  if (version === null) return 'it does not tell its version';
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major < OLDEST_MAJOR || (major === OLDEST_MAJOR && minor < OLDEST_MINOR)) {
    return `it is ${version}, and ${OLDEST_MAJOR}.${OLDEST_MINOR} is the oldest that can be used`;
  }
  const missing = NEEDED.filter((feature) => !new RegExp(`\\+${feature}\\b`).test(text));
  return missing.length === 0 ? null : `it was built without ${missing.join(' and ')}`;
}
