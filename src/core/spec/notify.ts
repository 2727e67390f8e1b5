// x-friday.notify: who is told of releases. Secrets are named, never written: a variable or a file.
import { z } from 'zod';
import { DEFAULT_KINDS, NOTICE_KINDS, type NotifyTarget, type SecretRef } from '../notice.ts';
import { keyed, oneOf, refusal, textLike } from './scalars.ts';
import type { Path } from './tree.ts';

const SECRETS: ReadonlySet<unknown> = new Set(['slack', 'token', 'url', 'secret', 'smtp']);

/** Values that may be secrets keep their variables: the control plane looks them up when it needs them, and stores none. */
export function isSecretAt(path: Path): boolean {
  return path[0] === 'x-friday' && path[1] === 'notify' && path.length >= 4 && SECRETS.has(path.at(-1));
}

const FORM = '^(\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}|\\$[A-Za-z_][A-Za-z0-9_]*|file:.+)$';

/** `${NAME}`, `$NAME` or `file:PATH`; null for anything else. */
export function parseSecret(text: string): SecretRef | null {
  const env = /^\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))$/.exec(text);
  if (env) return { env: env[1] ?? env[2] ?? '' };
  const file = /^file:(.+)$/.exec(text)?.[1];
  return file === undefined ? null : { file };
}

const WHY = 'a secret in the file is seen by everybody who sees the file: put it into .env';

function secret(example: string) {
  const expected = `a variable like \${${example}}, or file:PATH`;
  return textLike(expected, FORM, (text) => {
    if (/^\$\{\w+[:?+-]/.test(text)) return refusal(`write \${${example}} without a default`);
    return parseSecret(text) ?? refusal(WHY);
  });
}

/** An address in clear, when nothing in it is secret. */
function address(scheme: RegExp, expected: string, example: string) {
  return textLike(`${expected}, or a variable like \${${example}}`, '^\\S+$', (text) => {
    const named = parseSecret(text);
    if (named) return named;
    if (!scheme.test(text)) return null;
    return /^[a-z]+:\/\/[^/?#]*@/.test(text) ? refusal(WHY) : text;
  });
}

const Slack = z.union(
  [
    secret('SLACK_WEBHOOK_URL'),
    keyed({
      token: secret('SLACK_TOKEN').describe('Of a bot with the scope chat:write.'),
      channel: textLike('a channel, like #deploys or C0123ABCD', '^\\S+$', (text) =>
        /^[#@]?[\w.-]{1,80}$/.test(text) ? text : null,
      ).describe('Where it writes.'),
    }),
  ],
  { error: `expected a variable like \${SLACK_WEBHOOK_URL}, or { token, channel }\n${WHY}` },
);

const Webhook = keyed({
  url: address(/^https?:\/\/[^\s/?#]+([/?#]\S*)?$/, 'an http or https URL', 'HOOK_URL').describe(
    'Gets CloudEvents as JSON by POST.',
  ),
  secret: secret('HOOK_SECRET').optional().describe('Signs them (Standard Webhooks, HMAC-SHA256). Default none.'),
});

const mail = textLike('an address, like ops@example.com', '^\\S+@\\S+$', (text) =>
  /^[^\s@<>,;]+@[^\s@<>,;]+$/.test(text) ? text : null,
);

const Email = keyed({
  smtp: address(/^smtps?:\/\/[^\s/?#]+([/?#]\S*)?$/, 'smtp://host:port', 'SMTP_URL').describe(
    'smtps://user:password@host:465 as a variable, or smtp://host:25.',
  ),
  from: mail.describe('Who it is from.'),
  to: z
    .union([mail, z.array(mail).min(1).max(50)], { error: 'expected an address, or a list of them' })
    .describe('Who gets it.'),
});

const Target = keyed({
  name: textLike('a short name', '^[\\w-]+$', (text) => (/^[\w-]{1,64}$/.test(text) ? text : null))
    .optional()
    .describe('For status and logs. Default: the kind and its number, like slack-1.'),
  slack: Slack.optional().describe('An incoming webhook, or a bot that keeps one message per release up to date.'),
  webhook: Webhook.optional().describe('Any program that takes HTTP.'),
  email: Email.optional().describe('Mail over SMTP.'),
  events: z
    .array(oneOf([...NOTICE_KINDS]), { error: `expected a list of ${NOTICE_KINDS.join(', ')}` })
    .optional()
    .describe('Only these. Default: all but started.'),
  services: z
    .array(z.string().max(100), { error: 'expected a list of services' })
    .max(1000)
    .optional()
    .describe('Only releases of these services. Default all.'),
}).check((context) => {
  const { slack, webhook, email } = context.value;
  if ([slack, webhook, email].filter((one) => one !== undefined).length === 1) return;
  context.issues.push({
    code: 'custom',
    message: 'expected exactly one of slack, webhook and email',
    input: context.value,
  });
});

export const Notify = z
  .array(Target, { error: `expected a list, like - slack: \${SLACK_WEBHOOK_URL}` })
  .max(20, { error: 'expected at most 20 targets' });

type Written = z.output<typeof Target>;

/** With defaults, and a name for each. */
export function targetsOf(written: readonly Written[]): NotifyTarget[] {
  const taken = new Set<string>();
  return written.map((one, index) => {
    const kind = one.slack !== undefined ? 'slack' : one.email !== undefined ? 'email' : 'webhook';
    let name = one.name ?? `${kind}-${index + 1}`;
    while (taken.has(name)) name = `${name}-${index + 1}`;
    taken.add(name);
    return targetOf(one, { name, events: [...(one.events ?? DEFAULT_KINDS)], services: [...(one.services ?? [])] });
  });
}

function targetOf(one: Written, common: Pick<NotifyTarget, 'name' | 'events' | 'services'>): NotifyTarget {
  const { slack, webhook, email } = one;
  if (slack !== undefined) {
    return 'token' in slack ? { ...common, type: 'slack', ...slack } : { ...common, type: 'slack-webhook', url: slack };
  }
  if (email !== undefined) return { ...common, type: 'email', ...email, to: [email.to].flat() };
  return { ...common, type: 'webhook', url: webhook?.url ?? '', secret: webhook?.secret ?? null };
}
