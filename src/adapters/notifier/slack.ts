// Slack: an incoming webhook, which only adds messages, or a bot, which keeps one message per subject up to date.
import { headOf, type Notice, nextStepOf } from '../../core/notice.ts';
import { type Notifier, TryLater } from '../../ports/notifier.ts';
import { post } from './http.ts';

/** Source: docs.slack.dev, "Sending messages using incoming webhooks". The answer to a good one is 200 and `ok`. */
export function slackWebhook(url: () => string): Notifier {
  return {
    updates: false,
    send: async (notice, _, signal) => {
      const { status, body } = await post(url(), JSON.stringify(messageOf(notice)), JSON_TYPE, signal);
      if (status === 200) return null;
      throw new Error(`Slack answered ${status}: ${wordsOf(body)}`);
    },
  };
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const API = 'https://slack.com/api';

/** Errors of Slack that may be gone later. Source: docs.slack.dev, chat.postMessage and chat.update, "Errors". */
const LATER: ReadonlySet<string> = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'request_timeout',
  'service_unavailable',
  'team_added_to_org',
]);
/** The message is not there to be changed any more, so a new one is written. */
const GONE: ReadonlySet<string> = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'channel_not_found',
]);

/** Source: docs.slack.dev, chat.postMessage and chat.update. */
export function slackBot(token: () => string, channel: string, api = API): Notifier {
  const call = async (method: string, body: object, signal: AbortSignal): Promise<Said> => {
    const headers = { ...JSON_TYPE, authorization: `Bearer ${token()}` };
    const { status, body: text } = await post(`${api}/${method}`, JSON.stringify(body), headers, signal);
    const said = saidIn(text);
    if (said === null) throw new Error(`Slack answered ${status}, and not as it is documented`);
    if (!said.ok && LATER.has(said.error ?? '')) throw new TryLater(`Slack says ${wordsOf(said.error ?? '')}`);
    return said;
  };
  return {
    updates: true,
    send: async (notice, before, signal) => {
      const message = messageOf(notice);
      const place = placeIn(before);
      if (place) {
        const said = await call('chat.update', { ...message, ...place }, signal);
        if (said.ok) return before;
        if (!GONE.has(said.error ?? '')) throw new Error(`Slack says ${wordsOf(said.error ?? '')}`);
      }
      const said = await call('chat.postMessage', { ...message, channel, unfurl_links: false }, signal);
      if (!said.ok) throw new Error(`Slack says ${wordsOf(said.error ?? '')}`);
      return said.channel && said.ts ? JSON.stringify({ channel: said.channel, ts: said.ts }) : null;
    },
  };
}

type Said = { readonly ok: boolean; readonly error?: string; readonly channel?: string; readonly ts?: string };

function saidIn(text: string): Said | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'ok' in value ? (value as Said) : null;
  } catch {
    return null;
  }
}

function placeIn(before: string | null): { channel: string; ts: string } | null {
  return before === null ? null : (JSON.parse(before) as { channel: string; ts: string });
}

/** What a stranger said, as one short line. */
function wordsOf(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 100) || 'nothing';
}

/** Slack reads three characters as markup. Source: docs.slack.dev, "Formatting text for app surfaces", "Escaping text". */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const LONGEST = 2900;

/** `text` is what notifications and screen readers get; the block is what is seen. */
function messageOf(notice: Notice): object {
  const step = nextStepOf(notice);
  const small = [
    notice.project,
    ...(notice.by === '' || notice.by === 'friday' ? [] : [`by ${notice.by}`]),
    ...(step === null ? [] : [step]),
  ].join(' · ');
  const link = notice.url === null ? '' : `\n<${notice.url}|Open>`;
  const rest = [notice.sentence, ...notice.lines].map(escaped).join('\n').slice(0, LONGEST);
  return {
    text: `${escaped(headOf(notice))}. ${escaped(notice.sentence)}`.slice(0, LONGEST),
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: `*${escaped(headOf(notice))}*\n${rest}${link}` } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: escaped(small).slice(0, LONGEST) }] },
    ],
  };
}
