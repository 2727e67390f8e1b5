// Certificates by ACME from Pebble, with the challenge answered by the balancer: got, renewed, and not asked for too often.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeWith } from '../../../test/engines.ts';
import { freePort } from '../../../test/ports.ts';
import { type CertificatesSeen, tlsOf } from '../../core/certificates.ts';
import type { TlsSpec } from '../../core/spec/project.ts';
import type { BalancerPlace } from '../../ports/balancer.contract.ts';
import type { Balancer } from '../../ports/balancer.ts';
import type { Certificates } from '../../ports/certificates.ts';
import { until } from '../../proxy/fixture.ts';
import { handshake } from '../../proxy/tls/fixture.ts';
import { embeddedPlace } from '../balancer/embedded/fixture.ts';
import { haproxyPlace } from '../balancer/haproxy/fixture.ts';
import { certificateKeeper } from './keeper.ts';
import { type Pebble, startPebble } from './pebble.fixture.ts';

const DAY_MS = 86_400_000;
const HOST = 'shop.example.com';

describeWith('pebble', 'certificates by ACME', () => {
  certificatesBehind('the embedded proxy', embeddedPlace);
  describeWith('haproxy', 'certificates by ACME behind HAProxy', () => certificatesBehind('HAProxy', haproxyPlace));
});

function certificatesBehind(name: string, newPlace: () => Promise<BalancerPlace>): void {
  describe(`a certificate by ACME behind ${name}`, () => {
    let root: string;
    let place: BalancerPlace;
    let balancer: Balancer;
    let pebble: Pebble;
    let httpPort: number;
    let keeper: Certificates;
    let spec: TlsSpec;
    let later: number;
    let revision: number;

    beforeEach(async () => {
      root = mkdtempSync(join(tmpdir(), 'friday-acme-'));
      [later, revision] = [0, 0];
      httpPort = await freePort();
      place = await newPlace();
      balancer = place.open();
      pebble = await startPebble(httpPort);
      spec = {
        listen: [{ host: '127.0.0.1', port: 0 }],
        certificates: [],
        selfSigned: [],
        acme: { email: 'ops@example.com', hosts: [HOST], directory: pebble.directory, ca: pebble.ca },
        redirectPort: 0,
        hstsSeconds: 0,
        minVersion: '1.2',
      };
      keeper = open();
    });
    afterEach(async () => {
      keeper.close();
      await place.remove();
      await pebble.stop();
      rmSync(root, { recursive: true, force: true });
    });

    const open = () => {
      const stateDir = join(root, 'shop');
      mkdirSync(stateDir, { recursive: true });
      return certificateKeeper({ dir: join(stateDir, 'certificates'), stateDir, now: () => Date.now() + later });
    };
    let tokens: ReadonlySet<string> = new Set();
    /** What the control plane does once a second: look, and tell the balancer. */
    const turn = async (): Promise<CertificatesSeen> => {
      const seen = await keeper.look(spec, tokens);
      revision += 1;

      const listen = [{ host: '127.0.0.1', port: httpPort }];
      await balancer.apply({ revision, listen, services: [], ...tlsOf(spec, seen) });
      tokens = new Set(seen.challenges.map(({ token }) => token));
      return seen;
    };
    const acme = (seen: CertificatesSeen) => seen.certificates.find(({ source }) => source === 'acme');
    const issuerAt = async () => {
      const port = (await balancer.look()).listeningTls?.[0]?.port ?? 0;
      const socket = await handshake(port, { servername: HOST });
      const { issuer } = socket.getPeerCertificate();
      socket.destroy();
      return String(issuer.CN ?? '');
    };
    const orders = () => pebble.log().match(/Added order/g)?.length ?? 0;

    it('is got while a temporary one serves, and renewed when a third of its life is left', async () => {
      const first = await turn();
      expect(acme(first)).toMatchObject({ name: HOST, current: null, problem: null });
      expect(first.certificates.at(-1)?.source).toBe('temporary');
      expect(await issuerAt()).not.toContain('Pebble');
      await until(async () => acme(await turn())?.current != null);
      const got = acme(await turn());
      expect(await issuerAt()).toContain('Pebble');
      expect(got).toMatchObject({ hosts: [HOST], problem: null });
      const { notBefore = 0, notAfter = 0 } = got?.current ?? {};
      expect(got?.renewAt).toBe(Math.round(notAfter - (notAfter - notBefore) / 3));
      expect((await turn()).challenges).toEqual([]);
      later = (got?.renewAt ?? 0) - Date.now() + DAY_MS;
      await until(async () => acme(await turn())?.current?.id !== got?.current?.id);
      expect(await issuerAt()).toContain('Pebble');
    });

    it('is not ordered twice by the next control plane, which goes on with the order', async () => {
      await turn();
      await until(async () => (await turn()).challenges.length === 1);
      const before = orders();
      expect(before).toBe(1);
      keeper.close();
      keeper = open();
      tokens = new Set();
      // What was remembered of the first try keeps the next one from being too early.
      await turn();
      expect(acme(await turn())?.current).toBeNull();
      later = 3 * 60_000;
      await until(async () => acme(await turn())?.current != null);
      expect(orders()).toBe(before);
    });

    it('that cannot be proved is not asked for again at once, and the reason is told', async () => {
      // The authority asks where nobody answers.
      httpPort = await freePort();
      await until(async () => acme(await turn())?.problem != null);
      const failed = acme(await turn());
      expect(failed?.problem).toMatch(
        /The certificate for shop.example.com was not got from localhost: .+ The next try is at /,
      );
      const wait = (failed?.renewAt ?? 0) - Date.now();
      expect(wait).toBeGreaterThan(60_000);
      expect(wait).toBeLessThanOrEqual(120_000);
      const before = orders();
      await turn();
      keeper.close();
      keeper = open();
      expect(acme(await turn())?.problem).toBe(failed?.problem);
      expect(orders()).toBe(before);
      later = 121_000;
      await until(async () => (acme(await turn())?.renewAt ?? 0) > Date.now() + later + 120_000);
    });

    it('leaves keys that only their owner may read', async () => {
      await until(async () => acme(await turn())?.current != null);
      const folder = join(root, 'shop', 'certificates');
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
      const keys = files
        .map((one) => join(one.parentPath, one.name))
        .filter((file) => /PRIVATE KEY/.test(readFileSync(file, 'utf8')));
      expect(keys.length).toBeGreaterThanOrEqual(2);
      for (const file of keys) {
        expect(statSync(file).mode & 0o077).toBe(0);
        expect(statSync(join(file, '..')).mode & 0o077).toBe(0);
      }
    });
  });
}
