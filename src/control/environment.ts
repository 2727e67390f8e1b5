// The environment of one instance: what the file says, who it is, and where the others are.
import { type ServiceState, specOf } from '../core/service.ts';
import { isReleased, type ServiceSpec } from '../core/spec/project.ts';

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
): Readonly<Record<string, string>> {
  const addresses: Record<string, string> = {};
  for (const other of services) {
    const theirs = specOf(other);
    if (!theirs || other.name === spec.name || other.isDown) continue;
    const scheme = isReleased(theirs) ? 'http' : theirs.scheme;
    addresses[addressName(other.name)] = `${scheme}://127.0.0.1:${other.internalPort}`;
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
