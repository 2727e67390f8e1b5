// Numbers of certificates as Prometheus reads them.
import { expect, it } from 'vitest';
import { prometheusText } from './prometheus.ts';

const one = { source: 'file' as const, hosts: [], issuer: 'x', notBefore: 0, renewAt: null };

it('has the seconds that are left of each certificate, and whether something is wrong', () => {
  const text = prometheusText(
    [
      { ...one, name: '/a "b"\\c.pem', notAfter: 90_000, problem: null },
      { ...one, name: 'late', notAfter: -5_000, problem: 'It has ended.' },
      { ...one, name: 'none', notAfter: null, problem: 'There is none.' },
    ],
    10_000,
  );
  expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual([
    'friday_certificate_expires_seconds{name="/a \\"b\\"\\\\c.pem",source="file"} 80',
    'friday_certificate_expires_seconds{name="late",source="file"} -15',
    'friday_certificate_problem{name="/a \\"b\\"\\\\c.pem",source="file"} 0',
    'friday_certificate_problem{name="late",source="file"} 1',
    'friday_certificate_problem{name="none",source="file"} 1',
    '',
  ]);
});
