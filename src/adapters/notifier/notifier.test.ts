// Notifiers against local servers that speak the documented wire formats: what is sent, what is tried later, what is told of failures.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Notice } from '../../core/notice.ts';
import { TryLater } from '../../ports/notifier.ts';
import { email } from './email.ts';
import { slackBot, slackWebhook } from './slack.ts';
import { webhook } from './webhook.ts';

const notice: Notice = {
  id: 'shop-9-rolled_back',
  kind: 'rolled_back',
  subject: 'release/7',
  project: 'shop',
  service: 'api',
  version: 42,
  release: 7,
  at: Date.UTC(2026, 10, 21),
  by: 'ana',
  sentence: 'Errors <3.38%> & more.',
  lines: ['2400 requests saw it, 81 failed.'],
  url: null,
};
const signal = new AbortController().signal;

type Asked = { path: string; headers: IncomingHttpHeaders; body: string };
type Reply = { status?: number; body?: string; headers?: Record<string, string> };
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function portOf(server: Server | TcpServer): Promise<number> {
  closing.push(() => server.close());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}

async function http(reply: (asked: Asked) => Reply) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const one = { path: request.url ?? '', headers: request.headers, body };
    asked.push(one);
    const { status = 200, body: text = 'ok', headers = {} } = reply(one);
    response.writeHead(status, headers).end(text);
  });
  return { asked, url: `http://127.0.0.1:${await portOf(server)}` };
}

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error as Error,
  );

describe('an incoming webhook of Slack', () => {
  it('gets one JSON message with its markup escaped', async () => {
    const { asked, url } = await http(() => ({}));
    expect(await slackWebhook(() => `${url}/services/T0/B0/XYZ`).send(notice, null, signal)).toBeNull();
    const body = JSON.parse(asked[0]?.body ?? '') as { text: string; blocks: unknown[] };
    expect(asked[0]).toMatchObject({
      path: '/services/T0/B0/XYZ',
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
    expect(body.text).toBe('✕ api v42 was rolled back. Errors &lt;3.38%&gt; &amp; more.');
    expect(JSON.stringify(body.blocks)).toContain('2400 requests saw it, 81 failed.');
  });

  it('that is busy is asked later, one that is gone is not; no error names the address', async () => {
    const replies: Reply[] = [
      { status: 429, headers: { 'retry-after': '30' } },
      { status: 404, body: 'no_service' },
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    ];
    const { url } = await http(() => replies.shift() ?? {});
    const slack = slackWebhook(() => `${url}/services/XYZ`);
    const [busy, gone, moved] = [
      await failureOf(slack.send(notice, null, signal)),
      await failureOf(slack.send(notice, null, signal)),
      await failureOf(slack.send(notice, null, signal)),
    ];
    expect(busy).toBeInstanceOf(TryLater);
    expect((busy as TryLater).afterMs).toBe(30_000);
    expect([gone?.message, moved?.message]).toEqual(['Slack answered 404: no_service', 'Slack answered 302: ok']);
    const server = createTcpServer();
    const free = await portOf(server);
    await new Promise((resolve) => server.close(resolve));
    const lost = await failureOf(
      slackWebhook(() => `http://127.0.0.1:${free}/services/XYZ`).send(notice, null, signal),
    );
    expect([lost instanceof TryLater, lost?.message]).toEqual([true, 'no answer: ECONNREFUSED']);
    const wrong = await failureOf(slackWebhook(() => 'no address XYZ').send(notice, null, signal));
    expect(wrong?.message).not.toContain('XYZ');
  });
});

describe('a bot of Slack', () => {
  it('writes one message and keeps it up to date', async () => {
    const { asked, url } = await http(() => ({ body: '{"ok":true,"channel":"C1","ts":"17.1"}' }));
    const bot = slackBot(() => 'xoxb-1', '#deploys', url);
    const ref = await bot.send({ ...notice, kind: 'started' }, null, signal);
    expect(await bot.send(notice, ref, signal)).toBe(ref);
    expect(asked.map((one) => [one.path, one.headers.authorization])).toEqual([
      ['/chat.postMessage', 'Bearer xoxb-1'],
      ['/chat.update', 'Bearer xoxb-1'],
    ]);
    expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({ channel: '#deploys', unfurl_links: false });
    expect(JSON.parse(asked[1]?.body ?? '')).toMatchObject({ channel: 'C1', ts: '17.1' });
  });

  it('writes a new one when the old one is gone', async () => {
    const { asked, url } = await http(({ path }) => ({
      body:
        path === '/chat.update' ? '{"ok":false,"error":"message_not_found"}' : '{"ok":true,"channel":"C1","ts":"18"}',
    }));
    const ref = await slackBot(() => 'x', 'C1', url).send(notice, '{"channel":"C1","ts":"17"}', signal);
    expect([asked.length, ref]).toEqual([2, '{"channel":"C1","ts":"18"}']);
  });

  it.each([
    ['{"ok":false,"error":"invalid_auth"}', false, 'Slack says invalid_auth'],
    ['{"ok":false,"error":"ratelimited"}', true, 'Slack says ratelimited'],
    ['<html>', false, 'Slack answered 200, and not as it is documented'],
  ])('that is answered %s', async (body, isLater, message) => {
    const { url } = await http(() => ({ body }));
    const error = await failureOf(slackBot(() => 'x', 'C1', url).send(notice, null, signal));
    expect([error instanceof TryLater, error?.message]).toEqual([isLater, message]);
  });
});

describe('a webhook', () => {
  it('gets a CloudEvent, signed so that anybody with the secret can check it', async () => {
    const { asked, url } = await http(() => ({ status: 202 }));
    await webhook(
      () => url,
      () => 'geheim',
      () => 1_700_000_000_000,
    ).send(notice, null, signal);
    const [one] = asked;
    expect(JSON.parse(one?.body ?? '')).toEqual({
      specversion: '1.0',
      id: 'shop-9-rolled_back',
      source: '/fridaymorning/shop',
      type: 'dev.fridaymorning.release.rolled_back',
      subject: 'api/7',
      time: '2026-11-21T00:00:00.000Z',
      datacontenttype: 'application/json',
      data: expect.objectContaining({ service: 'api', version: 42, release: 7, sentence: notice.sentence }),
    });
    expect(one?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    const signed = `shop-9-rolled_back.1700000000.${one?.body}`;
    expect(one?.headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', 'geheim').update(signed).digest('base64')}`,
    );
  });

  it('without a secret is not signed; a large answer is not read to its end', async () => {
    const { asked, url } = await http(() => ({ body: 'x'.repeat(1_000_000) }));
    await webhook(() => url, null).send(notice, null, signal);
    expect(asked[0]?.headers['webhook-signature']).toBeUndefined();
  });

  it.each([
    [503, true],
    [429, true],
    [400, false],
    [410, false],
    [301, false],
  ])('that answers %i', async (status, isLater) => {
    const { url } = await http(() => ({ status }));
    const error = await failureOf(webhook(() => url, null).send(notice, null, signal));
    expect([error instanceof TryLater, error?.message]).toEqual([isLater, `it answered ${status}`]);
  });
});

/** RFC 5321 as far as one message needs it. */
async function smtp(answers: Readonly<Record<string, string>> = {}) {
  const mails: string[] = [];
  const said: string[] = [];
  const server = createTcpServer((socket) => {
    let data: string | null = null;
    let rest = '';
    socket.write('220 test ESMTP\r\n');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      rest += chunk.toString();
      for (let end = rest.indexOf('\r\n'); end !== -1; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (data !== null) {
          if (line !== '.') data += `${line}\n`;
          else {
            mails.push(data);
            data = null;
            socket.write(`${answers.MAIL_END ?? '250 taken'}\r\n`);
          }
          continue;
        }
        said.push(line);
        const verb = line.split(' ')[0]?.toUpperCase() ?? '';
        if (verb === 'DATA' && !answers.DATA) data = '';
        const usual =
          verb === 'EHLO'
            ? '250-test\r\n250 AUTH PLAIN'
            : verb === 'DATA'
              ? '354 go on'
              : verb === 'QUIT'
                ? '221 bye'
                : '250 ok';
        socket.write(`${answers[verb] ?? usual}\r\n`);
      }
    });
  });
  return { mails, said, port: await portOf(server) };
}

describe('mail', () => {
  const options = (port: number, user = '') => ({
    smtp: () => `smtp://${user}127.0.0.1:${port}`,
    from: 'friday@example.com',
    to: ['a@example.com', 'b@example.com'],
  });

  it('is one thread for one release', async () => {
    const { mails, said, port } = await smtp();
    const sender = email(options(port));
    const first = await sender.send({ ...notice, id: 'shop-8-started', kind: 'started' }, null, signal);
    expect(await sender.send(notice, first, signal)).toBe(first);
    expect(first).toBe('<shop-8-started@example.com>');
    expect(mails[0]).toContain('Message-ID: <shop-8-started@example.com>');
    expect(mails[1]).toContain('In-Reply-To: <shop-8-started@example.com>');
    expect(mails[1]).toContain('2400 requests saw it, 81 failed.');
    expect(said).toContain('RCPT TO:<b@example.com>');
  });

  it('cannot be given headers by what a program wrote', async () => {
    const { mails, port } = await smtp();
    await email(options(port)).send(
      { ...notice, service: 'api\r\nBcc: evil@example.com', sentence: 'a\r\nBcc: b' },
      null,
      signal,
    );
    expect(mails[0]?.split('\n\n')[0]).not.toMatch(/^Bcc:/m);
  });

  it('that the server has no time for is sent later; a refused one is not; passwords are not told', async () => {
    const busy = await smtp({ MAIL: '451 try again' });
    const full = await smtp({ RCPT: '550 no such user' });
    const locked = await smtp({ AUTH: '535 wrong: geheim' });
    const errors = [
      await failureOf(email(options(busy.port)).send(notice, null, signal)),
      await failureOf(email(options(full.port)).send(notice, null, signal)),
      await failureOf(email(options(locked.port, 'ana:geheim@')).send(notice, null, signal)),
      await failureOf(email(options(1, 'ana:geheim@')).send(notice, null, signal)),
    ];
    expect(errors.map((error) => error instanceof TryLater)).toEqual([true, false, false, true]);
    expect(errors.map((error) => error?.message).join('\n')).not.toContain('geheim');
  });
});
