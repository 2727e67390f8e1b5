// The notifier of a target: its technology, with secrets looked up at each message.
import type { NotifyTarget, SecretRef } from '../../core/notice.ts';
import type { Notifier } from '../../ports/notifier.ts';
import { email } from './email.ts';
import { slackBot, slackWebhook } from './slack.ts';
import { webhook } from './webhook.ts';

/** `secretOf` throws when there is none. */
export function notifierFor(target: NotifyTarget, secretOf: (ref: SecretRef) => string): Notifier {
  const plain = (value: SecretRef | string) => () => (typeof value === 'string' ? value : secretOf(value));
  switch (target.type) {
    case 'slack-webhook':
      return slackWebhook(plain(target.url));
    case 'slack':
      return slackBot(plain(target.token), target.channel);
    case 'webhook':
      return webhook(plain(target.url), target.secret === null ? null : plain(target.secret));
    case 'email':
      return email({ smtp: plain(target.smtp), from: target.from, to: target.to });
  }
}
