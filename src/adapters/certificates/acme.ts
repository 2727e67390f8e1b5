// Certificates from an authority by ACME, proved over plain HTTP (HTTP-01), one order at a time. Source: RFC 8555.
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { Client, Order } from 'acme-client';
import { readBundle } from '../../certificates/bundle.ts';
import type { CertificateSeen } from '../../core/certificates.ts';
import { sentenceOf } from '../../core/failure.ts';
import type { TlsSpec } from '../../core/spec/project.ts';
import type { Challenge } from '../../core/traffic.ts';
import { renewalOf } from './local.ts';
import { type OrderState, Orders, pauseAfter } from './orders.ts';
import type { Shelf } from './shelf.ts';

export type AcmeSpec = NonNullable<TlsSpec['acme']>;

/** One question to the authority. */
const TIMEOUT_MS = 30_000;
/** The balancer has the challenge by then, or the try has failed. */
const ROUTED_MS = 120_000;
/** When an authority says that it was asked too often. */
const RATE_LIMITED_MS = 3_600_000;

export class Acme {
  private readonly shelf: Shelf;
  private readonly now: () => number;
  private readonly onNews: () => void;
  private readonly open = new Map<string, { readonly challenge: Challenge; readonly onRouted: () => void }>();
  private client: { readonly key: string; readonly client: Promise<Client> } | null = null;
  private isBusy = false;
  private isClosed = false;

  constructor(shelf: Shelf, now: () => number, onNews: () => void) {
    this.shelf = shelf;
    this.now = now;
    this.onNews = onNews;
  }

  get challenges(): readonly Challenge[] {
    return [...this.open.values()].map(({ challenge }) => challenge);
  }

  /** Begins the order that is due, if any, and waits for nothing. */
  look(spec: AcmeSpec, hosts: readonly string[], routed: ReadonlySet<string>): CertificateSeen[] {
    const orders = new Orders(this.shelf, spec.directory);
    for (const [token, { onRouted }] of this.open) if (routed.has(token)) onRouted();
    const now = this.now();
    const all = hosts.map((host) => this.seen(host, orders.get(host)));
    const due = all.find(({ name, renewAt }) => now >= (renewAt ?? 0) && now >= orders.get(name).nextTryAt);
    if (due !== undefined && !this.isBusy && !this.isClosed) void this.obtain(spec, orders, due.name);
    return all;
  }

  close(): void {
    this.isClosed = true;
  }

  private seen(host: string, state: OrderState): CertificateSeen {
    const { hosts = [host], ...current } = this.shelf.get(host) ?? {};
    const known = 'id' in current ? (current as NonNullable<CertificateSeen['current']>) : null;
    const renewAt = Math.max(known === null ? 0 : renewalOf(known), state.nextTryAt);
    return { name: host, source: 'acme', hosts, current: known, renewAt, problem: state.problem };
  }

  private async obtain(spec: AcmeSpec, orders: Orders, host: string): Promise<void> {
    this.isBusy = true;
    const before = orders.get(host);
    const failures = before.failures + 1;
    // Remembered before anything is asked for: whatever happens now, the next try is not too early.
    orders.put(host, { ...before, failures, nextTryAt: this.now() + pauseAfter(failures) });
    try {
      await this.order(spec, orders, host);
      orders.remove(host);
    } catch (error) {
      if (!this.isClosed) this.fail(spec, orders, host, failures, error);
    } finally {
      this.isBusy = false;
      if (!this.isClosed) this.onNews();
    }
  }

  private fail(spec: AcmeSpec, orders: Orders, host: string, failures: number, error: unknown): void {
    const said = sentenceOf(error).replace(/\s+/g, ' ').replace(/\.$/, '').slice(0, 400);
    const isLimited = /rate ?limit|too many/i.test(said);
    const nextTryAt = this.now() + Math.max(pauseAfter(failures), isLimited ? RATE_LIMITED_MS : 0);
    const { hostname } = new URL(spec.directory);
    const when = new Date(nextTryAt).toISOString().slice(0, 16).replace('T', ' ');
    const problem = `The certificate for ${host} was not got from ${hostname}: ${said}. The next try is at ${when} UTC.`;
    orders.put(host, { failures, nextTryAt, problem, url: null });
    this.client = null;
  }

  private async order(spec: AcmeSpec, orders: Orders, host: string): Promise<void> {
    const { crypto } = await import('acme-client');
    const client = await this.clientOf(spec, orders);
    const key = await orders.keyOf(host, () => crypto.createPrivateEcdsaKey());
    let order = await this.orderOf(client, orders, host);
    if (order.status === 'pending') {
      await this.prove(client, order);
      order = await client.getOrder(order);
    }
    if (order.status !== 'valid') {
      const [, csr] = await crypto.createCsr({ commonName: host, altNames: [host] }, key);
      order = await client.finalizeOrder(order, csr);
    }
    const cert = await client.getCertificate(order);
    this.shelf.put(host, readBundle(cert, key, `the certificate for ${host}`, `the key for ${host}`));
  }

  /** The one that was under way, else a new one. */
  private async orderOf(client: Client, orders: Orders, host: string): Promise<Order> {
    const { url } = orders.get(host);
    if (url !== null) {
      const known = await client.getOrder({ url } as Order).catch(() => null);
      if (known !== null && known.status !== 'invalid') return known;
    }
    const order = await client.createOrder({ identifiers: [{ type: 'dns', value: host }] });
    orders.put(host, { ...orders.get(host), url: order.url });
    return order;
  }

  private async prove(client: Client, order: Order): Promise<void> {
    for (const authorization of await client.getAuthorizations(order)) {
      if (authorization.status === 'valid') continue;
      const challenge = authorization.challenges.find(({ type }) => type === 'http-01');
      if (challenge === undefined) throw new Error('the authority does not offer HTTP-01');
      const answer = await client.getChallengeKeyAuthorization(challenge);
      try {
        await this.untilRouted({ token: challenge.token, answer });
        await client.completeChallenge(challenge);
        await client.waitForValidStatus(challenge);
      } finally {
        this.open.delete(challenge.token);
      }
    }
  }

  private untilRouted(challenge: Challenge): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the balancer did not take the challenge in time')), ROUTED_MS);
      timer.unref();
      const onRouted = () => {
        clearTimeout(timer);
        resolve();
      };
      this.open.set(challenge.token, { challenge, onRouted });
      this.onNews();
    });
  }

  private clientOf(spec: AcmeSpec, orders: Orders): Promise<Client> {
    const key = JSON.stringify([spec.directory, spec.email, spec.ca]);
    if (this.client?.key !== key) this.client = { key, client: newClient(spec, orders) };
    return this.client.client;
  }
}

/** With its account, which is made at the first time. */
async function newClient({ directory, email, ca }: AcmeSpec, orders: Orders): Promise<Client> {
  const acme = await import('acme-client');
  const { defaults } = acme.axios as unknown as { defaults: Record<string, unknown> };
  defaults.timeout = TIMEOUT_MS;
  // What to do about failures is decided here, with what is remembered of them.
  defaults.acmeSettings = { ...(defaults.acmeSettings as object), retryMaxAttempts: 0 };
  if (ca !== null) defaults.httpsAgent = new Agent({ ca: [...rootCertificates, readFileSync(ca, 'utf8')] });
  const client = new acme.Client({
    directoryUrl: directory,
    accountKey: await orders.accountKey(() => acme.crypto.createPrivateEcdsaKey()),
    backoffAttempts: 15,
    backoffMin: 1_000,
    backoffMax: 15_000,
  });
  const contact = email === null ? {} : { contact: [`mailto:${email}`] };
  await client.createAccount({ termsOfServiceAgreed: true, ...contact });
  return client;
}
