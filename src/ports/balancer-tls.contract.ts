// What every Balancer must do with HTTPS, whatever splits the traffic.
import { createServer, type Server } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CertificatePlace } from '../certificates/fixture.ts';
import type { Table, TableCertificate, TableTls, Target } from '../core/traffic.ts';
import { send } from '../proxy/fixture.ts';
import { handshake, openH2, sendH2, sendSecure, tlsOf } from '../proxy/tls/fixture.ts';
import type { BalancerPlace } from './balancer.contract.ts';
import type { Balancer } from './balancer.ts';
import { requestsOf, settled, trafficAt } from './balancer-counts.contract.ts';

/** Tells what it was asked, as JSON; under `/slow` it sends a line now and one when it is told to. */
async function startTeller() {
  const waiting: (() => void)[] = [];
  const server: Server = createServer((incoming, response) => {
    incoming.resume();
    response.setHeader('set-cookie', ['x=1', 'y=2']);
    if (incoming.url === '/own') response.setHeader('strict-transport-security', 'max-age=5');
    if (incoming.url === '/slow') {
      response.write('first\n');
      waiting.push(() => response.end('last\n'));
    } else
      response.end(JSON.stringify({ url: incoming.url, headers: incoming.headers, version: incoming.httpVersion }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const target: Target = { id: 'teller', host: '127.0.0.1', port };
  return {
    target,
    waiting,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function isRefused(port: number, options: ConnectionOptions): Promise<boolean> {
  try {
    (await handshake(port, options)).destroy();
    return false;
  } catch {
    return true;
  }
}

export function balancerTlsContract(name: string, newPlace: () => Promise<BalancerPlace>): void {
  describe(`${name} with HTTPS`, () => {
    const files = new CertificatePlace();
    let ca: string;
    let shop: TableCertificate;
    let place: BalancerPlace;
    let balancer: Balancer;
    let teller: Awaited<ReturnType<typeof startTeller>>;
    let internalPort: number;
    let revision = 0;
    let sessions: ClientHttp2Session[] = [];

    beforeAll(async () => {
      ca = await files.ca();
      shop = await files.make(['shop.localhost', '127.0.0.1']);
    });
    afterAll(() => files.remove());
    beforeEach(async () => {
      place = await newPlace();
      balancer = place.open();
      internalPort = await place.freePort();
      teller = await startTeller();
      revision = 0;
    });
    afterEach(async () => {
      for (const one of sessions) one.destroy();
      sessions = [];
      teller.close();
      await place.remove();
    });

    const apply = (tls: TableTls | undefined, more: Partial<Table> = {}) => {
      revision += 1;
      const services = [trafficAt(internalPort, { stable: { version: 1, targets: [teller.target] } })];
      const table = { revision, listen: [{ host: '127.0.0.1', port: 0 }], services, ...more };
      return balancer.apply(tls === undefined ? table : { ...table, tls });
    };
    const tlsPort = async () => (await balancer.look()).listeningTls?.[0]?.port ?? 0;
    const plainPort = async () => (await balancer.look()).listening[0]?.port ?? 0;
    const session = async () => {
      const opened = openH2(await tlsPort(), ca);
      sessions.push(opened);
      return opened;
    };
    const namesAt = async (servername?: string) => {
      const socket = await handshake(await tlsPort(), servername === undefined ? {} : { servername });
      const { subjectaltname = '' } = socket.getPeerCertificate();
      socket.destroy();
      return subjectaltname.replaceAll(/DNS:|IP Address:/g, '');
    };

    it('serves HTTP/1.1 and HTTP/2, tells the service so, and counts each request once', async () => {
      await apply(tlsOf([shop]));
      const headers = { 'x-forwarded-proto': 'http', 'x-friday-version': 'v1' };
      const over1 = await sendSecure(await tlsPort(), ca, '/one?a=b');
      const over2 = await sendH2(await session(), '/two?a=b', { headers: { cookie: ['a=1', 'b=2'] } });
      for (const [reply, url] of [
        [over1, '/one?a=b'],
        [over2, '/two?a=b'],
      ] as const) {
        expect(reply.status).toBe(200);
        expect(reply.headers).toMatchObject({ 'x-friday-version': 'v1', 'set-cookie': ['x=1', 'y=2'] });
        expect(JSON.parse(reply.body)).toMatchObject({
          url,
          version: '1.1',
          headers: { host: 'shop.localhost', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.localhost' },
        });
      }
      expect(JSON.parse(over2.body).headers.cookie).toBe('a=1; b=2');
      const claimed = await sendSecure(await tlsPort(), ca, '/', { headers });
      expect(JSON.parse(claimed.body).headers['x-forwarded-proto']).toBe('https');
      const { cells } = await settled(place, balancer);
      expect(requestsOf(cells, 'stable')).toBe(2);
      expect(cells.reduce((sum, cell) => sum + cell.outside.requests, 0)).toBe(1);
    });

    it('answers with the certificate that names the host, else a wildcard, else the first', async () => {
      const [wild, api] = [await files.make(['*.example.com']), await files.make(['api.example.com'])];
      await apply(tlsOf([shop, wild, api]));
      expect(await namesAt('api.example.com')).toBe('api.example.com');
      expect(await namesAt('www.example.com')).toBe('*.example.com');
      expect(await namesAt('elsewhere.org')).toBe('shop.localhost, 127.0.0.1');
      expect(await namesAt()).toBe('shop.localhost, 127.0.0.1');
    });

    it('takes a renewed certificate, and one more, while a download and a connection go on', async () => {
      await apply(tlsOf([shop]));
      const port = await tlsPort();
      const idle = await handshake(port, { servername: 'shop.localhost' });
      const before = idle.getPeerCertificate().fingerprint256;
      const open = sendSecure(port, ca, '/slow');
      const openOverH2 = sendH2(await session(), '/slow');
      await place.until(async () => teller.waiting.length === 2);
      const renewed = await files.make(['shop.localhost', '127.0.0.1']);
      await apply(tlsOf([renewed]));
      const next = await handshake(port, { servername: 'shop.localhost' });
      expect(next.getPeerCertificate().fingerprint256).not.toBe(before);
      await apply(tlsOf([renewed, await files.make(['api.example.com'])]));
      expect(await tlsPort()).toBe(port);
      expect(await namesAt('api.example.com')).toBe('api.example.com');
      for (const answer of teller.waiting) answer();
      expect((await open).body).toBe('first\nlast\n');
      expect((await openOverH2).body).toBe('first\nlast\n');
      for (const one of [idle, next]) one.destroy();
    });

    it('speaks no older TLS than it is told to', async () => {
      await apply(tlsOf([shop]));
      await expect(handshake(await tlsPort(), { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
      (await handshake(await tlsPort(), { maxVersion: 'TLSv1.2' })).destroy();
      await apply(tlsOf([shop], { minVersion: '1.3' }));
      const port = await tlsPort();
      await place.until(() => isRefused(port, { maxVersion: 'TLSv1.2' }));
    });

    it('sends plain requests on, but not those of services, of an authority or of what ends TLS in front', async () => {
      const challenges = [{ token: 'tok_en-1', answer: 'tok_en-1.thumb_Print' }];
      await apply(tlsOf([shop], { redirectPort: 0 }), { challenges });
      const port = await plainPort();
      const reply = await send(port, '/a/b?c=%20d', {
        method: 'POST',
        headers: { host: 'shop.localhost:80' },
        body: 'x',
      });
      expect(reply.status).toBe(308);
      expect(reply.headers.location).toBe(`https://shop.localhost:${await tlsPort()}/a/b?c=%20d`);
      expect((await send(internalPort)).status).toBe(200);
      expect((await send(port, '/', { headers: { 'x-forwarded-proto': 'https' } })).status).toBe(200);
      const path = '/.well-known/acme-challenge/';
      expect(await send(port, `${path}tok_en-1`)).toMatchObject({ status: 200, body: 'tok_en-1.thumb_Print' });
      expect((await send(port, `${path}other`)).status).toBe(200);
      expect((await send(internalPort, `${path}tok_en-1`)).body).not.toBe('tok_en-1.thumb_Print');
      await apply(tlsOf([shop], { redirectPort: 443 }), { challenges: [{ token: 'next', answer: 'next.thumb' }] });
      expect((await send(port, '/', { headers: { host: 'x' } })).headers.location).toBe('https://x/');
      expect(await send(port, `${path}next`)).toMatchObject({ body: 'next.thumb' });
      expect((await send(port, `${path}tok_en-1`)).body).not.toBe('tok_en-1.thumb_Print');
      const { cells } = await settled(place, balancer);
      expect(requestsOf(cells, 'stable')).toBe(5);
    });

    it('tells browsers to stay with HTTPS when it is asked to, unless the service says it itself', async () => {
      await apply(tlsOf([shop], { hstsSeconds: 86_400 }));
      const over1 = await sendSecure(await tlsPort(), ca);
      const over2 = await sendH2(await session());
      for (const reply of [over1, over2]) expect(reply.headers['strict-transport-security']).toBe('max-age=86400');
      expect((await sendSecure(await tlsPort(), ca, '/own')).headers['strict-transport-security']).toBe('max-age=5');
      expect((await send(await plainPort())).headers['strict-transport-security']).toBeUndefined();
      await apply(tlsOf([shop]));
      expect((await sendSecure(await tlsPort(), ca)).headers['strict-transport-security']).toBeUndefined();
    });

    it('refuses a table with a certificate that is not there, and goes on with the old one', async () => {
      await apply(tlsOf([shop]));
      const gone = { ...shop, name: 'gone', id: '0'.repeat(32), file: '/nowhere/gone.pem' };
      await expect(apply(tlsOf([gone]))).rejects.toMatchObject({ message: expect.stringContaining('gone') });
      expect((await balancer.look()).revision).toBe(1);
      expect((await sendSecure(await tlsPort(), ca)).status).toBe(200);
    });

    it('ends HTTPS when a table has none any more', async () => {
      await apply(tlsOf([shop]));
      const port = await tlsPort();
      await apply(undefined);
      expect((await balancer.look()).listeningTls).toBeUndefined();
      await place.until(() => isRefused(port, {}));
      expect((await send(await plainPort())).status).toBe(200);
    });
  });
}
