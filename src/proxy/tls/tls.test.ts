// HTTPS: which certificate answers, how it is renewed, and what requests look like behind it.
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { CertificatePlace } from '../../certificates/fixture.ts';
import type { TableCertificate } from '../../core/traffic.ts';
import { outsideIn, Place, seenIn, side, sumOf, traffic } from '../fixture.ts';
import { handshake, sendSecure, tlsOf } from './fixture.ts';

const files = new CertificatePlace();
let ca: string;
let shop: TableCertificate;
let place: Place;
beforeAll(async () => {
  ca = await files.ca();
  shop = await files.make(['shop.localhost', '127.0.0.1']);
});
afterAll(() => files.remove());
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.close());

const namesAt = async (servername?: string) => {
  const socket = await handshake(place.tlsPort, servername === undefined ? {} : { servername });
  const { subjectaltname = '' } = socket.getPeerCertificate();
  socket.destroy();
  return subjectaltname.replaceAll(/DNS:|IP Address:/g, '');
};

describe('a client of HTTPS', () => {
  it('gets the certificate that names its host, else a wildcard, else the first', async () => {
    const [wild, api] = [await files.make(['*.example.com']), await files.make(['api.example.com'])];
    await place.applyWith({ tls: tlsOf([shop, wild, api]) });
    expect(await namesAt('api.example.com')).toBe('api.example.com');
    expect(await namesAt('API.example.com')).toBe('api.example.com');
    expect(await namesAt('www.example.com')).toBe('*.example.com');
    expect(await namesAt('a.b.example.com')).toBe('shop.localhost, 127.0.0.1');
    expect(await namesAt()).toBe('shop.localhost, 127.0.0.1');
  });

  it('is refused with a version of TLS that is too old', async () => {
    await place.applyWith({ tls: tlsOf([shop]) });
    await expect(handshake(place.tlsPort, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).rejects.toThrow();
    const old = await handshake(place.tlsPort, { maxVersion: 'TLSv1.2', servername: 'shop.localhost' });
    expect(old.getProtocol()).toBe('TLSv1.2');
    await place.applyWith({ tls: tlsOf([shop], { minVersion: '1.3' }) });
    await expect(handshake(place.tlsPort, { maxVersion: 'TLSv1.2', servername: 'x' })).rejects.toThrow();
    await expect(handshake(place.tlsPort, { maxVersion: 'TLSv1.2' })).rejects.toThrow();
    old.destroy();
  });

  it('keeps its connection when the certificate is renewed; the next one gets the new one', async () => {
    const a = await place.instance('a');
    await place.applyWith({ tls: tlsOf([shop]) }, traffic({ stable: side(1, a) }));
    const port = place.tlsPort;
    const socket = await handshake(port, { servername: 'shop.localhost' });
    const before = socket.getPeerCertificate().fingerprint256;
    const renewed = await files.make(['shop.localhost']);
    await place.applyWith({ tls: tlsOf([renewed]) }, traffic({ stable: side(1, a) }));
    expect(place.tlsPort).toBe(port);
    const answer = new Promise((resolve) => socket.once('data', (chunk) => resolve(String(chunk).split('\r\n')[0])));
    socket.write('GET / HTTP/1.1\r\nHost: shop.localhost\r\n\r\n');
    expect(await answer).toBe('HTTP/1.1 200 OK');
    const next = await handshake(port, { servername: 'shop.localhost' });
    expect(next.getPeerCertificate().fingerprint256).not.toBe(before);
    for (const one of [socket, next]) one.destroy();
  });

  it('that talks plain HTTP, or nothing that can be read, is cut off, and others are served', async () => {
    const a = await place.instance('a');
    await place.applyWith({ tls: tlsOf([shop]) }, traffic({ stable: side(1, a) }));
    const { raw } = await import('../fixture.ts');
    expect(await raw(place.tlsPort, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).not.toContain('HTTP/1.1 200');
    expect((await sendSecure(place.tlsPort, ca)).body).toBe('a');
  });

  it('reaches its service, which hears of HTTPS, and is counted once', async () => {
    const a = await place.instance('a');
    await place.applyWith({ tls: tlsOf([shop]) }, traffic({ stable: side(1, a) }));
    const claimed = { 'x-forwarded-proto': 'http', 'x-forwarded-for': '203.0.113.9' };
    const reply = await sendSecure(place.tlsPort, ca, '/a?b', { headers: claimed });
    expect(reply).toMatchObject({ status: 200, body: 'a' });
    expect(a.requests[0]?.headers).toMatchObject({
      host: 'shop.localhost',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.localhost',
      'x-forwarded-for': '203.0.113.9, 127.0.0.1',
    });
    expect(sumOf(await place.cells(), 'stable').requests).toBe(1);
  });

  it('may change the protocol to a WebSocket', async () => {
    const instance = await place.instance('ws');
    const sockets = new WebSocketServer({ server: instance.server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`got ${data}`)));
    await place.applyWith({ tls: tlsOf([shop]) }, traffic({ stable: side(1, instance) }));
    const client = new WebSocket(`wss://127.0.0.1:${place.tlsPort}/`, { ca });
    await new Promise((resolve) => client.once('open', resolve));
    const got = new Promise((resolve) => client.once('message', (data) => resolve(String(data))));
    client.send('hello');
    expect(await got).toBe('got hello');
    client.terminate();
    sockets.close();
    expect(seenIn(await place.cells()).answers).toBe(1);
    expect(outsideIn(await place.cells()).requests).toBe(0);
  });
});

describe('Strict-Transport-Security', () => {
  it('is on every answer over HTTPS, a service may say it itself, and plain answers have none', async () => {
    const a = await place.instance('a', (incoming, response) => {
      incoming.resume();
      const own = incoming.url === '/own' ? { 'strict-transport-security': 'max-age=5' } : {};
      response.writeHead(200, { ...own, 'set-cookie': ['x=1', 'y=2'] }).end('a');
    });
    await place.applyWith({ tls: tlsOf([shop], { hstsSeconds: 86_400 }) }, traffic({ stable: side(1, a) }));
    const first = await sendSecure(place.tlsPort, ca);
    expect(first.headers).toMatchObject({ 'strict-transport-security': 'max-age=86400', 'set-cookie': ['x=1', 'y=2'] });
    const own = await sendSecure(place.tlsPort, ca, '/own');
    expect(own.headers['strict-transport-security']).toBe('max-age=5');
    expect((await place.send('/')).headers['strict-transport-security']).toBeUndefined();
    await place.applyWith({ tls: tlsOf([shop], { hstsSeconds: 86_400 }) });
    const nobody = await sendSecure(place.tlsPort, ca);
    expect([nobody.status, nobody.headers['strict-transport-security']]).toEqual([404, 'max-age=86400']);
  });
});

describe('a plain request where HTTPS is asked for', () => {
  const web = async () => traffic({ stable: side(1, await place.instance('a')) });

  it('is sent on with 308 to the same address, at the port of HTTPS or another one that the file names', async () => {
    await place.applyWith({ tls: tlsOf([shop], { redirectPort: 0 }) }, await web());
    const reply = await place.send('/a/b?c=%20d', {
      method: 'POST',
      headers: { host: 'Shop.localhost:80' },
      body: 'x',
    });
    expect(reply.status).toBe(308);
    expect(reply.headers.location).toBe(`https://Shop.localhost:${place.tlsPort}/a/b?c=%20d`);
    await place.applyWith({ tls: tlsOf([shop], { redirectPort: 443 }) }, await web());
    expect((await place.send('/', { headers: { host: '[::1]:80' } })).headers.location).toBe('https://[::1]/');
    expect(seenIn(await place.cells()).answers).toBe(0);
  });

  it('is served when another service sends it, or what ends TLS in front of it on this machine', async () => {
    const service = await web();
    await place.applyWith({ tls: tlsOf([shop], { redirectPort: 0 }) }, service);
    const { send } = await import('../fixture.ts');
    expect((await send(service.internalPort)).status).toBe(200);
    expect((await place.send('/', { headers: { 'x-forwarded-proto': 'https' } })).status).toBe(200);
  });

  it('without a host cannot be sent on', async () => {
    await place.applyWith({ tls: tlsOf([shop], { redirectPort: 0 }) }, await web());
    expect(await place.raw('GET / HTTP/1.0\r\n\r\n')).toContain('400 Bad Request');
  });

  it('of an authority is answered, known or not by the service, and never sent on', async () => {
    const challenges = [{ token: 'tok_en-1', answer: 'tok_en-1.thumb' }];
    await place.applyWith({ challenges, tls: tlsOf([shop], { redirectPort: 0 }) }, await web());
    const path = '/.well-known/acme-challenge/';
    expect(await place.send(`${path}tok_en-1`)).toMatchObject({ status: 200, body: 'tok_en-1.thumb' });
    expect(await place.send(`${path}other`)).toMatchObject({ status: 200, body: 'a' });
    expect(await sendSecure(place.tlsPort, ca, `${path}tok_en-1`)).toMatchObject({ body: 'tok_en-1.thumb' });
    await place.applyWith({ tls: tlsOf([shop]) }, await web());
    expect(await place.send(`${path}tok_en-1`)).toMatchObject({ body: 'a' });
  });
});

describe('a table with a certificate that cannot be used', () => {
  it('is refused whole, and the one before goes on', async () => {
    const a = await place.instance('a');
    await place.applyWith({ tls: tlsOf([shop]) }, traffic({ stable: side(1, a) }));
    const gone = await files.make(['gone.localhost']);
    rmSync(gone.file);
    await expect(place.applyWith({ tls: tlsOf([gone]) })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('gone.localhost'),
    });
    expect((await sendSecure(place.tlsPort, ca)).body).toBe('a');
  });
});
