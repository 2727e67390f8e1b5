// Whether the certificate files that the compose file names can be used, and for how long.
import { readFileSync } from 'node:fs';
import { readBundle } from '../../certificates/bundle.ts';
import { dayOf, WARN_DAYS } from '../../core/certificates.ts';
import { Failure, sentenceOf } from '../../core/failure.ts';
import { isCovered } from '../../core/host-names.ts';
import type { Project } from '../../core/spec/project.ts';
import { bad, type Finding, ok, warn } from './check.ts';

const DAY_MS = 86_400_000;

/** Nothing when the file asks for no HTTPS. `now` in ms since 1970. */
export function checkCertificates(project: Project, now: number): Finding[] {
  const { tls } = project;
  if (tls === undefined) return [];
  const names = [...tls.selfSigned, ...(tls.acme?.hosts ?? [])];
  const findings = tls.certificates.map(({ cert, key }) => {
    try {
      const { notAfter, hosts } = readBundle(readFileSync(cert, 'utf8'), readFileSync(key, 'utf8'), cert, key);
      names.push(...hosts);
      return findingOf(cert, notAfter, now);
    } catch (error) {
      const hint = error instanceof Failure ? error.detail.hint : undefined;
      return bad(sentenceOf(error), ...(hint === undefined ? [] : [hint]));
    }
  });
  return [...findings, ...uncovered(project, names)];
}

function findingOf(cert: string, notAfter: number, now: number): Finding {
  const day = dayOf(notAfter);
  if (notAfter <= now) return bad(`the certificate in ${cert} has ended on ${day}`, 'give a newer one');
  if (notAfter - now > WARN_DAYS[0] * DAY_MS) return ok(`the certificate in ${cert} is good until ${day}`);
  return warn(`the certificate in ${cert} ends on ${day}`, 'put a newer one in its place; friday takes it by itself');
}

/** Hosts of routes that a browser would be shown another certificate for. */
function uncovered({ services }: Project, names: readonly string[]): Finding[] {
  const hosts = new Set(services.flatMap(({ routes }) => routes.map(({ host }) => host)));
  return [...hosts]
    .filter((host) => host !== '*' && !isCovered(names, host))
    .map((host) => warn(`no certificate is for ${host}`, `name it in x-friday.tls: self_signed: [${host}], or acme`));
}
