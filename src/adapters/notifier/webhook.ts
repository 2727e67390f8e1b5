// Any program that takes HTTP: CloudEvents 1.0 as structured JSON, signed as Standard Webhooks say.
import { createHmac } from 'node:crypto';
import type { Notice } from '../../core/notice.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { post } from './http.ts';

/** Source: CloudEvents 1.0.2, "JSON Event Format", section 3; Standard Webhooks 1.0, "Signature scheme". */
export function webhook(url: () => string, secret: (() => string) | null, now: () => number = Date.now): Notifier {
  return {
    updates: false,
    send: async (notice, _, signal) => {
      const body = JSON.stringify(cloudEventOf(notice));
      const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
      const signed = secret === null ? {} : signatureOf(notice.id, body, secret(), Math.floor(now() / 1000));
      const { status } = await post(url(), body, { ...headers, ...signed }, signal);
      if (status >= 200 && status < 300) return null;
      throw new Error(`it answered ${status}`);
    },
  };
}

/** `rolled_back` as `dev.fridaymorning.release.rolled_back`. */
export function cloudEventOf(notice: Notice): Readonly<Record<string, unknown>> {
  const { id, kind, project, service, version, release, at, by, sentence, lines, url } = notice;
  const about = kind === 'crash_loop' ? 'service' : kind === 'test' ? 'notification' : 'release';
  return {
    specversion: '1.0',
    id,
    source: `/fridaymorning/${project}`,
    type: `dev.fridaymorning.${about}.${kind}`,
    subject: release === null ? service : `${service}/${release}`,
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    data: { project, service, version, release, kind, by, sentence, lines, url },
  };
}

/** A secret that begins with `whsec_` is base64, any other is taken as it is. */
export function signatureOf(id: string, body: string, secret: string, seconds: number): Record<string, string> {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret, 'utf8');
  const digest = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${digest}` };
}
