// The environment of one instance: what the file says, who it is, and where the others are.
import { type ServiceState, specOf } from '../core/service.ts';
import { isReleased, type ServiceSpec } from '../core/spec/project.ts';
import type { Reach } from '../ports/runtime.ts';

const LOOPBACK: Reach = { balancer: '127.0.0.1', isByName: false };

/** `http://172.18.0.1:20001`, or `redis://redis:6379` for a service that is found by its name. */
function addressOf({ name, internalPort }: ServiceState, theirs: ServiceSpec, reach: Reach): string {
  if (isReleased(theirs)) return `http://${reach.balancer}:${internalPort}`;
  if (!reach.isByName) return `${theirs.scheme}://127.0.0.1:${internalPort}`;
  const port = theirs.container?.servicePort ?? null;
  return `${theirs.scheme}://${name}${port === null ? '' : `:${port}`}`;
}

/** `awesome-app` gives `AWESOME_APP_URL`. */
export function addressName(service: string): string {
  return `${service.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_URL`;
}

/**
 * Everything but PORT, which the runtime adds. What the file sets wins over addresses, so that a team can point a
 * service elsewhere; who the instance is cannot be overridden.
 */
export function environmentOf(
  spec: ServiceSpec,
  version: number,
  id: string,
  services: readonly ServiceState[],
  reach: Reach = LOOPBACK,
): Readonly<Record<string, string>> {
  const addresses: Record<string, string> = {};
  for (const other of services) {
    const theirs = specOf(other);
    if (!theirs || other.name === spec.name || other.isDown) continue;
    addresses[addressName(other.name)] = addressOf(other, theirs, reach);
  }
  return {
    ...addresses,
    OTEL_SERVICE_NAME: spec.name,
    OTEL_RESOURCE_ATTRIBUTES: `service.version=v${version},service.instance.id=${id}`,
    ...spec.environment,
    FRIDAY_SERVICE: spec.name,
    FRIDAY_VERSION: `v${version}`,
    FRIDAY_INSTANCE: id,
  };
}
