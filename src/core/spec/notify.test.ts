// x-friday.notify: secrets are named and never filled in; what is missing or in clear is refused at its place.
import { describe, expect, it } from 'vitest';
import { DEFAULT_KINDS } from '../notice.ts';
import { readProject } from './read.ts';

const dollar = '$';
const named = (name: string) => `"${dollar}{${name}}"`;

function read(notify: string, environment: Record<string, string> = {}) {
  const text = `services:\n  a: { image: a, x-friday: { process: { command: a } } }\nx-friday:\n  notify: ${notify}\n`;
  const file = (path: string) => (path === '/x/compose.yaml' ? text : null);
  return readProject({ files: ['/x/compose.yaml'], read: file, environment, profiles: [] });
}

describe('x-friday.notify', () => {
  it('keeps the name of a secret, though the variable is set', () => {
    const secret = 'https://hooks.slack.com/services/T0/B0/XYZ';
    const { project } = read(`[{ slack: ${named('SLACK_WEBHOOK_URL')} }]`, { SLACK_WEBHOOK_URL: secret });
    expect(project?.notify).toEqual([
      {
        type: 'slack-webhook',
        name: 'slack-1',
        url: { env: 'SLACK_WEBHOOK_URL' },
        events: DEFAULT_KINDS,
        services: [],
      },
    ]);
    expect(JSON.stringify(project)).not.toContain(secret);
  });

  it('fills variables into what is no secret', () => {
    const { project } = read(`[{ slack: { token: $T, channel: ${named('CHANNEL')} } }]`, {
      CHANNEL: '#deploys',
      T: 'xoxb-1',
    });
    expect(project?.notify).toMatchObject([{ type: 'slack', token: { env: 'T' }, channel: '#deploys' }]);
  });

  it('takes webhooks, mail, files, names, events and services', () => {
    const targets = [
      `{ name: pager, webhook: { url: https://example.com/hook, secret: "file:./secrets/hook" }, events: [rolled_back] }`,
      `{ email: { smtp: ${named('SMTP_URL')}, from: friday@example.com, to: ops@example.com }, services: [a] }`,
      `{ email: { smtp: smtp://localhost:25, from: f@example.com, to: [a@example.com, b@example.com] } }`,
    ];
    expect(read(`[${targets.join(', ')}]`).project?.notify).toMatchObject([
      {
        name: 'pager',
        type: 'webhook',
        url: 'https://example.com/hook',
        secret: { file: './secrets/hook' },
        events: ['rolled_back'],
      },
      { name: 'email-2', type: 'email', smtp: { env: 'SMTP_URL' }, to: ['ops@example.com'], services: ['a'] },
      { name: 'email-3', smtp: 'smtp://localhost:25', to: ['a@example.com', 'b@example.com'] },
    ]);
  });

  it.each([
    ['[{ slack: "https://hooks.slack.com/services/T0/B0/XYZ" }]', 'put it into .env'],
    ['[{ slack: { token: xoxb-123, channel: "#a" } }]', 'put it into .env'],
    [`[{ slack: { token: "${dollar}{T:-xoxb-1}", channel: "#a" } }]`, 'without a default'],
    ['[{ webhook: { url: "https://user:pass@example.com" } }]', 'put it into .env'],
    ['[{ email: { smtp: "smtps://user:pass@example.com", from: a@b.c, to: d@e.f } }]', 'put it into .env'],
  ])('%s: a secret in the file is refused', (written, hint) => {
    const { project, problems } = read(written);
    expect([project, problems[0]?.severity, problems.map((one) => one.hint).join()]).toEqual([
      null,
      'error',
      expect.stringContaining(hint),
    ]);
    expect(JSON.stringify(problems.map(({ message, hint: said }) => [message, said]))).not.toMatch(
      /XYZ|xoxb-1|user:pass/,
    );
  });

  it.each([
    '[{}]',
    `[{ slack: ${named('A')}, webhook: { url: "https://b" } }]`,
    '{ slack: a }',
    '[{ events: [x] }]',
    '[{ webhook: { url: ftp://x } }]',
  ])('%s is refused', (written) => {
    expect(read(written).project).toBeNull();
  });
});
