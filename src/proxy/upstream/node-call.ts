// A request to an instance whose answer Node's own HTTP client reads.
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Answer, Call, Progress } from './upstream.ts';

export class NodeCall implements Call {
  protected progress: Progress = 'unsent';
  protected isOver = false;
  private readonly answer: Answer;
  private outgoing: ClientRequest | null = null;
  private incoming: IncomingMessage | null = null;

  constructor(answer: Answer) {
    this.answer = answer;
  }

  resume(): void {
    this.incoming?.resume();
  }

  abort(): void {
    this.isOver = true;
    this.outgoing?.destroy();
  }

  protected follow(outgoing: ClientRequest): void {
    this.outgoing = outgoing;
    outgoing.on('response', (incoming) => this.read(incoming));
    outgoing.on('upgrade', (incoming, socket, first) => this.change(incoming, socket as Socket, first));
    outgoing.on('error', (error) => this.fail(error));
  }

  protected fail(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.answer.onFail(error, this.progress);
  }

  private read(incoming: IncomingMessage): void {
    this.progress = 'answered';
    this.incoming = incoming;
    if (this.isOver) return;
    this.answer.onHead(incoming.statusCode ?? 0, incoming.statusMessage ?? '', incoming.rawHeaders);
    incoming.on('data', (chunk: Buffer) => {
      if (!this.isOver && !this.answer.onBody(chunk)) incoming.pause();
    });
    incoming.on('end', () => {
      if (this.isOver) return;
      this.isOver = true;
      this.answer.onEnd(incoming.rawTrailers);
    });
    incoming.on('error', (error) => this.fail(error));
  }

  private change(incoming: IncomingMessage, socket: Socket, first: Buffer): void {
    if (this.isOver) {
      socket.destroy();
      return;
    }
    this.isOver = true;
    this.answer.onUpgrade(incoming.headers.upgrade ?? '', incoming.rawHeaders, socket, first);
  }
}
