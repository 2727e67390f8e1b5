// Mail over SMTP; the messages about one release are one thread.
import { createTransport } from 'nodemailer';
import { headOf, textOf } from '../../core/notice.ts';
import { type Notifier, TryLater } from '../../ports/notifier.ts';

export type EmailOptions = { readonly smtp: () => string; readonly from: string; readonly to: readonly string[] };

const TIMEOUT_MS = 15_000;

/** Source: RFC 5322, section 3.6.4 (In-Reply-To, References). */
export function email({ smtp, from, to }: EmailOptions): Notifier {
  return {
    updates: false,
    send: async (notice, before, signal) => {
      const transport = createTransport(optionsOf(smtp()));
      const cut = () => transport.close();
      signal.addEventListener('abort', cut, { once: true });
      try {
        const domain = from.split('@')[1] ?? 'localhost';
        const messageId = `<${notice.id.replaceAll(/[^\w.-]/g, '-')}@${domain}>`;
        const thread = before === null ? {} : { inReplyTo: before, references: [before] };
        const subject = `[${notice.project}] ${headOf(notice)}`;
        await transport.sendMail({
          from,
          to: [...to],
          subject,
          text: textOf(notice),
          messageId,
          date: new Date(notice.at),
          headers: { 'Auto-Submitted': 'auto-generated' },
          ...thread,
          disableFileAccess: true,
          disableUrlAccess: true,
        });
        return before ?? messageId;
      } catch (error) {
        throw asOurs(error as Error & { responseCode?: number; code?: string });
      } finally {
        signal.removeEventListener('abort', cut);
        transport.close();
      }
    },
  };
}

/** The server's words may quote what was sent, credentials too: only its number is told. */
function asOurs({ responseCode, code }: { readonly responseCode?: number; readonly code?: string }): Error {
  const what = responseCode === undefined ? (code ?? 'the connection broke') : `it answered ${responseCode}`;
  const isFinal = responseCode === undefined ? code === 'EAUTH' || code === 'EENVELOPE' : responseCode >= 500;
  return isFinal ? new Error(`the mail server refuses: ${what}`) : new TryLater(`the mail server fails: ${what}`);
}

/** `smtp://` speaks TLS when the server offers it, `smtps://` from the first byte. Host names only; no files, no options in the address. */
function optionsOf(text: string) {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol)) {
    throw new TypeError('the address of the mail server is not like smtps://user:password@host:465');
  }
  const secure = url.protocol === 'smtps:';
  const auth = url.username === '' ? {} : { auth: { user: decode(url.username), pass: decode(url.password) } };
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    // Who sends a password sends it only through TLS, but for this machine.
    requireTLS: !secure && url.username !== '' && !['localhost', '127.0.0.1'].includes(url.hostname),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    ...auth,
  };
}

function decode(text: string): string {
  return decodeURIComponent(text);
}
