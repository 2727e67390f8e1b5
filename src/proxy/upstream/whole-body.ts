// The body of a request that came whole with its head.

export class WholeBody {
  /** It has been sent: once is enough for an instance to act on it. */
  hasRead = false;
  readonly isFull = false;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  take(): Buffer {
    this.hasRead = true;
    return this.bytes;
  }

  release(): void {
    // Nothing of it is still to come.
  }

  discard(): void {
    // As with `release`.
  }
}
