// An answer that says what went wrong: a problem body as RFC 9457 defines it.

/** Thrown by a route to answer with a status of 400 or more; `detail` tells the caller what to do about it. */
export class Problem extends Error {
  readonly status: number;
  readonly detail: string;
  /** More members of the body. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(status: number, title: string, detail: string, members: Readonly<Record<string, unknown>> = {}) {
    super(title);
    this.name = 'Problem';
    this.status = status;
    this.detail = detail;
    this.members = members;
  }

  toBody(): Record<string, unknown> {
    return { type: 'about:blank', title: this.message, status: this.status, detail: this.detail, ...this.members };
  }
}
