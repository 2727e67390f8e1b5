// What people are told of certificates, when, and how often; and what a table says of them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CertificateSeen,
  type CertificatesSeen,
  certificateProblems,
  type KnownCertificates,
  noticeCertificates,
  tlsOf,
} from './certificates.ts';
import type { TlsSpec } from './spec/project.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);

const seenOf = (over: Partial<CertificateSeen> = {}, days = 90): CertificatesSeen => {
  const current = { id: 'a', file: '/a.pem', issuer: 'x', notBefore: START, notAfter: START + days * DAY_MS };
  const one: CertificateSeen = {
    name: 'shop',
    source: 'file',
    hosts: ['shop.example.com'],
    current,
    renewAt: null,
    problem: null,
    ...over,
  };
  return { certificates: [one], challenges: [] };
};

/** Looks once every six hours for so many days; the sentences by day. */
function watched(seenAt: (now: number) => CertificatesSeen, days: number): [number, string][] {
  let known: KnownCertificates = {};
  const told: [number, string][] = [];
  for (let hours = 0; hours <= days * 24; hours += 6) {
    const now = START + hours * 3_600_000;
    const noticed = noticeCertificates(known, seenAt(now), now);
    told.push(...noticed.events.map(({ sentence }): [number, string] => [Math.floor(hours / 24), sentence]));
    known = JSON.parse(JSON.stringify(noticed.known)) as KnownCertificates;
  }
  return told;
}

describe('the journal of a certificate', () => {
  it('has its beginning, a warning at 21, 7 and 1 days, each once', () => {
    expect(watched(() => seenOf(), 89)).toEqual([
      [0, 'The certificate shop is used: for shop.example.com, until 2026-04-01.'],
      [69, 'The certificate shop ends in 21 days, on 2026-04-01.'],
      [83, 'The certificate shop ends in 7 days, on 2026-04-01.'],
      [89, 'The certificate shop ends in 1 day, on 2026-04-01.'],
    ]);
  });

  it('has a renewal, and no warning of what is renewed in time', () => {
    const renewed = (now: number) => {
      const notBefore = now < START + 60 * DAY_MS ? START : START + 60 * DAY_MS;
      const current = { id: String(notBefore), file: '/a', issuer: 'x', notBefore, notAfter: notBefore + 90 * DAY_MS };
      return seenOf({ source: 'acme', current, renewAt: notBefore + 60 * DAY_MS });
    };
    expect(watched(renewed, 100).map(([day, text]) => [day, text.split(':')[0]])).toEqual([
      [0, 'The certificate shop is used'],
      [60, 'The certificate shop was renewed'],
    ]);
  });

  it('warns of one that should have been renewed by itself, but was not', () => {
    const told = watched(() => seenOf({ source: 'acme', renewAt: START + 60 * DAY_MS }), 89);
    expect(told.map(([day]) => day)).toEqual([0, 83, 89]);
  });

  it('tells a failure once, and again when it is another one', () => {
    const told = watched((now) => seenOf({ current: null, problem: now < START + DAY_MS ? 'One.' : 'Two.' }), 3);
    expect(told.map(([, text]) => text)).toEqual(['One.', 'Two.']);
  });

  it('is silent about temporary ones and while nobody looks', () => {
    expect(watched(() => seenOf({ source: 'temporary' }), 89)).toEqual([]);
    const known = { shop: { id: 'a', warned: null, problem: null } };
    expect(noticeCertificates(known, null, START)).toEqual({ known, events: [] });
  });

  it('tells nothing twice, whatever is seen in whatever order', () => {
    const states = fc.array(
      fc.record({
        id: fc.constantFrom('a', 'b', null),
        days: fc.integer({ min: -5, max: 40 }),
        problem: fc.constantFrom('x', null),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(states, (all) => {
        let known: KnownCertificates = {};
        for (const { id, days, problem } of all) {
          const current =
            id === null
              ? null
              : { id, file: '/a', issuer: '', notBefore: START - 90 * DAY_MS, notAfter: START + days * DAY_MS };
          const seen = seenOf({ current, problem });
          const first = noticeCertificates(known, seen, START);
          const again = noticeCertificates(first.known, seen, START);
          expect(again.events).toEqual([]);
          expect(again.known).toBe(first.known);
          known = first.known;
        }
      }),
    );
  });
});

describe('what is wrong with certificates', () => {
  it('is said as long as it is: an end that comes near, one that has come, and a failure', () => {
    const at = (days: number) => certificateProblems(seenOf(), START + days * DAY_MS);
    expect(at(60)).toEqual([]);
    expect(at(85)).toEqual(['The certificate shop ends in 5 days, on 2026-04-01.']);
    expect(at(89.5)).toEqual(['The certificate shop ends within a day, on 2026-04-01.']);
    expect(at(91)).toEqual(['The certificate shop has ended on 2026-04-01: browsers refuse it.']);
    expect(certificateProblems(seenOf({ problem: 'No.' }), START)).toEqual(['No.']);
  });
});

describe('the table', () => {
  const spec: TlsSpec = {
    listen: [{ host: '127.0.0.1', port: 8443 }],
    certificates: [],
    selfSigned: [],
    acme: null,
    redirectPort: 0,
    hstsSeconds: 0,
    minVersion: '1.2',
  };

  it('names files and ids, and nothing of what is in them', () => {
    const { tls, challenges } = tlsOf(spec, seenOf());
    expect(tls?.certificates).toEqual([{ name: 'shop', id: 'a', hosts: ['shop.example.com'], file: '/a.pem' }]);
    expect(challenges).toBeUndefined();
  });

  it('has no HTTPS before there is a certificate, and challenges only where an authority may ask', () => {
    const acme = { email: null, hosts: ['a.example.com'], directory: 'https://a/', ca: null };
    const seen = { ...seenOf({ current: null }), challenges: [{ token: 't', answer: 't.x' }] };
    expect(tlsOf({ ...spec, acme }, seen)).toEqual({ challenges: [{ token: 't', answer: 't.x' }] });
    expect(tlsOf(spec, seen)).toEqual({});
    expect(tlsOf(null, seenOf())).toEqual({});
  });
});
