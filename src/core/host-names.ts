// Host names of certificates: which certificate is for which host. Pure.

/** `*.example.com` is for one label more than `example.com`. Source: RFC 9525 section 6.3. */
export function coversHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  if (!pattern.startsWith('*.')) return false;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot) === pattern.slice(1);
}

export function isCovered(patterns: readonly string[], host: string): boolean {
  return patterns.some((pattern) => coversHost(pattern, host));
}

/** Whether a name means this machine wherever it is asked. Source: RFC 6761 section 6.3. */
export function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

/** Whether a public authority can look the name up: several labels, none of them reserved for private use (RFC 6761, RFC 8375). */
export function isPublicName(host: string): boolean {
  if (isAddress(host) || !host.includes('.') || isLocalName(host)) return false;
  return !/\.(test|example|invalid|local|internal|home\.arpa)$/.test(host);
}

/** An IP address as it stands in a certificate. */
export function isAddress(host: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(host) || host.includes(':');
}
