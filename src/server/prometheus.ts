// The control plane's own numbers in the text format of Prometheus. Source: Prometheus exposition formats, version 0.0.4.
import type { CertificateView } from '../api/certificate-views.ts';

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Seconds that are left of each certificate, below 0 once it has ended; and whether something is wrong with it. */
export function prometheusText(certificates: readonly CertificateView[], now: number): string {
  const lines = [
    '# HELP friday_certificate_expires_seconds Seconds until the certificate ends; negative once it has.',
    '# TYPE friday_certificate_expires_seconds gauge',
    ...certificates.flatMap(({ name, source, notAfter }) =>
      notAfter === null
        ? []
        : [`friday_certificate_expires_seconds${labels(name, source)} ${Math.round((notAfter - now) / 1000)}`],
    ),
    '# HELP friday_certificate_problem 1 when a certificate is missing, ends soon or could not be renewed, else 0.',
    '# TYPE friday_certificate_problem gauge',
    ...certificates.map(({ name, source, problem }) => {
      return `friday_certificate_problem${labels(name, source)} ${problem === null ? 0 : 1}`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function labels(name: string, source: string): string {
  return `{name="${escaped(name)}",source="${source}"}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
