// A request's body on its way to an instance. Ending or destroying it leaves the client's connection alone.
import { Readable } from 'node:stream';

export class RequestBody extends Readable {
  /** A byte has been taken from the client: the body cannot be sent again. */
  hasRead = false;
  /** The instance takes no more for now. */
  isFull = false;
  private readonly request: Readable;
  private readonly onMove: () => void;
  private isAttached = false;
  private isReleased = false;

  /** `onMove` is called with every chunk, and at the end. */
  constructor(request: Readable, onMove: () => void) {
    super({ highWaterMark: 65_536 });
    this.request = request;
    this.onMove = onMove;
  }

  /** Takes nothing more from the client, whose request stays as it is: another body may go on with it. */
  release(): void {
    if (this.isReleased) return;
    this.isReleased = true;
    if (!this.isAttached) return;
    this.request.off('data', this.onData);
    this.request.off('end', this.onRequestEnd);
    this.request.pause();
  }

  /** Nobody wants the rest: it is read and forgotten, so that the client's next request can be. */
  discard(): void {
    this.release();
    this.request.resume();
  }

  override _read(): void {
    if (this.isReleased) return;
    this.isFull = false;
    if (!this.isAttached) {
      this.isAttached = true;
      this.request.on('data', this.onData);
      this.request.on('end', this.onRequestEnd);
      // HTTP/2 ends an empty body by itself, before anybody asks for it.
      if (this.request.readableEnded) this.onRequestEnd();
    }
    this.request.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.release();
    done(error);
  }

  private readonly onData = (chunk: Buffer) => {
    this.hasRead = true;
    this.onMove();
    if (this.push(chunk)) return;
    this.isFull = true;
    this.request.pause();
  };

  private readonly onRequestEnd = () => {
    this.hasRead = true;
    this.onMove();
    this.push(null);
  };
}
