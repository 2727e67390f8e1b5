// The port to whoever is told: one message out, told how it went.
import type { Notice } from '../core/notice.ts';

/** It may go well later: a lost connection, a busy service. Everything else that is thrown will not get better by waiting. */
export class TryLater extends Error {
  /** Not before; null = when the sender likes. */
  readonly afterMs: number | null;

  constructor(message: string, afterMs: number | null = null, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TryLater';
    this.afterMs = afterMs;
  }
}

export interface Notifier {
  /** A newer message about the same subject takes the place of the one before: older ones need not be sent any more. */
  readonly updates: boolean;
  /**
   * Sends it. `before` is what the last message about the same subject gave back; the new one takes its place, or
   * refers to it, where the service can do that. Gives what the next one needs, or null. May send twice when the answer
   * is lost. Throws `TryLater`, or an error whose message says what is wrong; neither holds a secret.
   */
  send(notice: Notice, before: string | null, signal: AbortSignal): Promise<string | null>;
}
