// The certificates of a project: what balancers are told of them, what people are, and when they end. Pure.
import { isEqual } from './equal.ts';
import { eventOf, type NewEvent } from './journal.ts';
import type { TlsSpec } from './spec/project.ts';
import type { Challenge, Table, TableCertificate, TableTls } from './traffic.ts';

/** `temporary`: signed by nobody, until there is another one. */
export type CertificateSource = 'file' | 'acme' | 'self-signed' | 'temporary';

export type CertificateSeen = {
  /** Stays when it is renewed: a file, a host, or `self-signed`. */
  readonly name: string;
  readonly source: CertificateSource;
  readonly hosts: readonly string[];
  /** What there is; null while there is none yet. */
  readonly current: {
    readonly id: string;
    /** Absolute path of the file that a balancer reads. */
    readonly file: string;
    readonly issuer: string;
    /** Milliseconds since 1970. */
    readonly notBefore: number;
    readonly notAfter: number;
  } | null;
  /** When the next one is got, ms since 1970; null when a person has to. */
  readonly renewAt: number | null;
  /** Why there is none, or no newer one, in a sentence; null when all is well. */
  readonly problem: string | null;
};

export type CertificatesSeen = {
  /** Those that are more exactly meant first. */
  readonly certificates: readonly CertificateSeen[];
  readonly challenges: readonly Challenge[];
};

/** The part of the table that is HTTPS; empty without any certificate. */
export function tlsOf(tls: TlsSpec | null, seen: CertificatesSeen | null): Pick<Table, 'tls' | 'challenges'> {
  if (tls === null || seen === null) return {};
  // Also while there is none: a balancer prepares for them once, not with every order.
  const challenges = tls.acme === null ? {} : { challenges: seen.challenges };
  const certificates = seen.certificates.flatMap(({ name, hosts, current }): TableCertificate[] =>
    current === null ? [] : [{ name, id: current.id, hosts, file: current.file }],
  );
  if (certificates.length === 0) return challenges;
  const { listen, redirectPort, hstsSeconds, minVersion } = tls;
  const https: TableTls = { listen, certificates, redirectPort, hstsSeconds, minVersion };
  return { tls: https, ...challenges };
}

/** What the last table said of them, for a look that failed. */
export function certificatesIn({ tls, challenges = [] }: Table): CertificatesSeen | null {
  if (tls === undefined) return null;
  const certificates = tls.certificates.map(
    ({ name, id, hosts, file }): CertificateSeen => ({
      name,
      source: 'file',
      hosts,
      current: { id, file, issuer: '', notBefore: 0, notAfter: 0 },
      renewAt: null,
      problem: null,
    }),
  );
  return { certificates, challenges };
}

/** What was told of each certificate, by name. */
export type KnownCertificates = Readonly<Record<string, KnownCertificate>>;

type KnownCertificate = {
  /** Of the one that was there; null when there was none. */
  readonly id: string | null;
  /** The smallest of `WARN_DAYS` that was warned of; null = none. */
  readonly warned: number | null;
  readonly problem: string | null;
};

/** A warning is given when so many days are left. */
export const WARN_DAYS = [21, 7, 1] as const;
const DAY_MS = 86_400_000;
const UNKNOWN: KnownCertificate = { id: null, warned: null, problem: null };

export type Noticed = { readonly known: KnownCertificates; readonly events: readonly NewEvent[] };

/** The sentences of what has changed since `before`, each once. The same `known` when nothing has. */
export function noticeCertificates(before: KnownCertificates, seen: CertificatesSeen | null, now: number): Noticed {
  if (seen === null) return { known: before, events: [] };
  const events: NewEvent[] = [];
  const known: Record<string, KnownCertificate> = {};
  for (const one of seen.certificates) {
    if (one.source === 'temporary') continue;
    const was = before[one.name] ?? UNKNOWN;
    const is = noticeOne(one, was, now);
    known[one.name] = is.known;
    const { name, source, hosts, current, renewAt } = one;
    const data = { certificate: name, source, hosts, notAfter: current?.notAfter ?? null, renewAt };
    events.push(...is.sentences.map((text) => eventOf(now, 'certificate', null, null, null, text, data)));
  }
  return { known: isEqual(before, known) ? before : known, events };
}

function noticeOne(one: CertificateSeen, was: KnownCertificate, now: number) {
  const { name, current, problem } = one;
  const id = current?.id ?? null;
  const isNew = id !== was.id && id !== null;
  const sentences: string[] = [];
  if (isNew && current) {
    const how = was.id === null ? 'is used' : 'was renewed';
    sentences.push(`The certificate ${name} ${how}: for ${listed(one.hosts)}, until ${dayOf(current.notAfter)}.`);
  }
  const due = current === null ? null : dueWarning(current.notAfter, now);
  const told = isNew ? null : was.warned;
  const isDue = due !== null && (told === null || due < told);
  const ending = endingSentence(one, now);
  if (isDue && ending !== null) sentences.push(ending);
  if (problem !== null && problem !== was.problem) sentences.push(problem);
  return { known: { id, warned: isDue ? due : told, problem }, sentences };
}

/** The smallest of the days that are not more than what is left. */
function dueWarning(notAfter: number, now: number): number | null {
  return WARN_DAYS.findLast((days) => notAfter - now <= days * DAY_MS) ?? null;
}

/** Null while there is time, or while it will be renewed by itself and a third of its life is left. */
export function endingSentence({ name, current, renewAt }: CertificateSeen, now: number): string | null {
  if (current === null) return null;
  const { notBefore, notAfter } = current;
  const left = notAfter - now;
  if (left <= 0) return `The certificate ${name} has ended on ${dayOf(notAfter)}: browsers refuse it.`;
  if (dueWarning(notAfter, now) === null) return null;
  const isAutomatic = renewAt !== null && left > (notAfter - notBefore) / 6;
  if (isAutomatic) return null;
  const days = Math.floor(left / DAY_MS);
  const when = days === 0 ? 'within a day' : days === 1 ? 'in 1 day' : `in ${days} days`;
  return `The certificate ${name} ends ${when}, on ${dayOf(notAfter)}.`;
}

/** What is wrong now, in sentences. */
export function certificateProblems(seen: CertificatesSeen | null, now: number): string[] {
  const all = seen?.certificates.filter(({ source }) => source !== 'temporary') ?? [];
  return all.flatMap((one) => [one.problem, endingSentence(one, now)].filter((text) => text !== null));
}

function listed(hosts: readonly string[]): string {
  const shown = hosts.slice(0, 3).join(', ');
  return hosts.length > 3 ? `${shown} and ${hosts.length - 3} more` : shown;
}

/** `2026-11-21`, by UTC. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
