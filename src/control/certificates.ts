// What the control plane sees of certificates, and what it shows of them and of the balancer.
import type { CertificateView } from '../api/certificate-views.ts';
import {
  type CertificateSeen,
  type CertificatesSeen,
  certificateProblems,
  endingSentence,
} from '../core/certificates.ts';
import type { BalancerSeen } from '../core/traffic.ts';
import type { Memory } from '../core/turn.ts';
import type { Certificates } from '../ports/certificates.ts';

/** Null when no HTTPS is asked for, or nothing runs. Failure: `unavailable`. */
export async function lookAtCertificates(
  certificates: Certificates | undefined,
  { tls, table, services }: Memory,
  balancer: BalancerSeen | null,
): Promise<CertificatesSeen | null> {
  const isStopped = Object.values(services).every((service) => service.isDown);
  if (certificates === undefined || !tls || isStopped) return null;
  const routed = balancer?.revision === table.revision ? (table.challenges ?? []) : [];
  return certificates.look(tls, new Set(routed.map(({ token }) => token)));
}

/** Where people reach the project: plain addresses first. */
export function publicUrls(addressOf: (one: BalancerSeen['listening'][number]) => string, seen: Shown): string[] {
  const plain = seen.listening.map((one) => `http://${addressOf(one)}`);
  return [...plain, ...(seen.listeningTls ?? []).map((one) => `https://${addressOf(one)}`)];
}

export type Shown = Pick<BalancerSeen, 'listening' | 'listeningTls' | 'version' | 'pid'>;

/** The balancer's process, once it tells. */
export function processOf({ version, pid }: Shown): { version: string; pid: number } | undefined {
  return version === undefined || pid === undefined ? undefined : { version, pid };
}

export function problemsOf(memory: Memory, seen: CertificatesSeen | null, now: number): string[] {
  return memory.tls ? certificateProblems(seen, now) : [];
}

export function certificateViews(seen: CertificatesSeen | null, now: number): CertificateView[] {
  return (seen?.certificates ?? []).map((one) => viewOf(one, now));
}

function viewOf(one: CertificateSeen, now: number): CertificateView {
  const { name, source, hosts, current, renewAt, problem } = one;
  return {
    name,
    source,
    hosts: [...hosts],
    issuer: current?.issuer ?? null,
    notBefore: current?.notBefore ?? null,
    notAfter: current?.notAfter ?? null,
    renewAt,
    problem: problem ?? endingSentence(one, now),
  };
}
