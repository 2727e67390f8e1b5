// What to say about a key that nobody knows: the one that was meant, or the place where it belongs.
import { serviceFridayShape, topFridayShape } from './friday.ts';
import { SERVICE_KEYS, TOP_KEYS } from './keys.ts';
import { didYouMean } from './problem.ts';
import { child, fieldsAt, type Tree } from './tree.ts';

/** Keys one level deeper in x-friday, with the key that holds them. */
const INSIDE: Readonly<Record<string, string>> = {
  plan: 'release',
  bake: 'release',
  budget: 'release',
  at_end: 'release',
  pass: 'release',
  slo: 'release',
  approve: 'release',
  requests: 'release',
  ready_timeout: 'release',
  keep_warm: 'release',
  hold_back: 'release',
  errors: 'release',
  latency: 'release',
  target: 'scale',
  down_after: 'scale',
  inflight: 'scale.target',
  command: 'process',
  install: 'process',
};

export function hintForTopKey(root: Tree): (key: string) => string | null {
  return (key) => {
    const near = didYouMean(key, [...Object.keys(TOP_KEYS), 'x-friday']);
    if (near !== null) return near;
    if (Object.hasOwn(topFridayShape, key)) return 'put it under x-friday';
    const fields = fieldsAt(root, key);
    const looksLikeService = ['build', 'image', 'command'].some((inner) => child(fields, inner) !== null);
    return looksLikeService ? 'indent it under services' : null;
  };
}

export function hintForServiceKey(key: string): string | null {
  if (Object.hasOwn(serviceFridayShape, key)) return 'put it under x-friday';
  if (Object.hasOwn(INSIDE, key)) return `put it under x-friday.${INSIDE[key]}`;
  if (key === 'replicas') return 'put it under deploy';
  return didYouMean(key, [...Object.keys(SERVICE_KEYS), 'x-friday']);
}

export function hintForServiceFridayKey(key: string): string | null {
  if (Object.hasOwn(INSIDE, key)) return `put it under ${INSIDE[key]}`;
  const near = didYouMean(key, Object.keys(serviceFridayShape));
  if (near !== null) return near;
  if (key === 'replicas') return 'put it under deploy of the service';
  if (Object.hasOwn(SERVICE_KEYS, key)) return 'put it on the service itself, beside x-friday';
  return Object.hasOwn(topFridayShape, key) ? 'put it under x-friday at the top of the file' : null;
}

/** Keys of x-friday.tls, and words from elsewhere for them. */
const INSIDE_TLS = new Set([
  'certificates',
  'self_signed',
  'acme',
  'redirect',
  'hsts',
  'min_version',
  'https',
  'ssl',
  'cert',
]);

export function hintForTopFridayKey(key: string): string | null {
  if (INSIDE_TLS.has(key)) return ['https', 'ssl', 'cert'].includes(key) ? 'did you mean "tls"?' : 'put it under tls';
  const near = didYouMean(key, Object.keys(topFridayShape));
  if (near !== null) return near;
  return Object.hasOwn(serviceFridayShape, key) ? 'put it under x-friday of a service' : null;
}
