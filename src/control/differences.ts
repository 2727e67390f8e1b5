// What is shown of the differences between a release's version and the one before it.
import type { DifferencesView } from '../api/difference-views.ts';
import { changesBetween } from '../core/difference.ts';
import type { Release } from '../core/release.ts';
import { type ServiceState, versionOf } from '../core/service.ts';

/** `service` undefined: it is not known any more. */
export function differencesView(release: Release, service: ServiceState | undefined): DifferencesView {
  const [from, to] = [release.from, release.version].map((one) => (service ? versionOf(service, one) : null));
  const settings = changesBetween(from ?? null, to ?? null);
  return {
    release: release.id,
    service: release.service,
    from: release.from,
    version: release.version,
    isKnown: settings !== null,
    isSameCode: settings !== null && from?.revision.digest === to?.revision.digest,
    settings: (settings ?? []).map((one) => ({ ...one })),
  };
}
