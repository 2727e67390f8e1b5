// One connection of a client while the fast lane reads it: a request at a time, until one is not plain.
import type { Socket } from 'node:net';
import { endWith } from '../edge/own-answer.ts';
import { LaneRequest } from './lane-request.ts';
import { LaneResponse, type ResponseOwner } from './lane-response.ts';
import { plainRequestIn } from './plain-request.ts';

/** Whoever the lines belong to. */
export interface LaneOwner {
  readonly maxHeadBytes: number;
  readonly keepAliveSeconds: number;
  /** Starts the exchange; false = it is none for the fast lane. */
  serve(response: LaneResponse): boolean;
  /** Node's parser reads the connection from here on. */
  handOver(line: ClientLine, socket: Socket): void;
  onClosed(line: ClientLine): void;
}

/** Bytes of further requests that are read while one is served. */
const MAX_AHEAD_BYTES = 16_384;

export class ClientLine implements ResponseOwner {
  readonly keepAliveSeconds: number;
  /** When it became idle, by `performance.now()`; null while a request is served. */
  idleSince: number | null = performance.now();
  /** Nothing ever came. */
  isFresh = true;
  private readonly socket: Socket;
  private readonly owner: LaneOwner;
  private response: LaneResponse | null = null;
  private ahead: Buffer[] = [];
  private aheadBytes = 0;

  constructor(socket: Socket, owner: LaneOwner) {
    this.socket = socket;
    this.owner = owner;
    this.keepAliveSeconds = owner.keepAliveSeconds;
    socket.on('data', this.onData);
    socket.on('drain', this.onDrain);
    socket.on('end', this.onEnd);
    socket.on('error', this.onError);
    socket.on('close', this.onClose);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** No request came in time. */
  timeOut(): void {
    if (this.isFresh) endWith(this.socket, 408);
    else this.socket.destroy();
  }

  onSent(response: LaneResponse): void {
    if (this.response !== response) return;
    this.response = null;
    response.exchange?.onClosed();
    if (!response.shouldKeepAlive) {
      this.socket.destroySoon();
      return;
    }
    this.idleSince = performance.now();
    if (this.ahead.length > 0) this.takeAhead();
  }

  private readonly onData = (bytes: Buffer): void => {
    if (this.response === null) {
      this.take(bytes);
      return;
    }
    this.ahead.push(bytes);
    this.aheadBytes += bytes.length;
    if (this.aheadBytes > MAX_AHEAD_BYTES) this.socket.pause();
  };

  private takeAhead(): void {
    const bytes = Buffer.concat(this.ahead);
    this.ahead = [];
    this.aheadBytes = 0;
    if (this.socket.isPaused()) this.socket.resume();
    if (this.socket.writable) this.take(bytes);
  }

  private take(bytes: Buffer): void {
    this.isFresh = false;
    const plain = plainRequestIn(bytes, this.owner.maxHeadBytes);
    if (plain !== null) {
      const response = new LaneResponse(new LaneRequest(plain, this.socket), this, !plain.isLast);
      this.response = response;
      this.idleSince = null;
      if (this.owner.serve(response)) return;
      this.response = null;
    }
    this.handOver(bytes);
  }

  private handOver(bytes: Buffer): void {
    const { socket } = this;
    socket.off('data', this.onData);
    socket.off('drain', this.onDrain);
    socket.off('end', this.onEnd);
    socket.off('error', this.onError);
    socket.off('close', this.onClose);
    socket.pause();
    socket.unshift(bytes);
    this.owner.handOver(this, socket);
    socket.resume();
  }

  private readonly onDrain = (): void => {
    const { response } = this;
    if (response === null || !response.isAwaitingDrain) return;
    response.isAwaitingDrain = false;
    response.exchange?.onDrain();
  };

  /** As Node's server does: who ends the connection takes no answer any more. */
  private readonly onEnd = (): void => {
    this.socket.end();
  };

  private readonly onError = (): void => {
    // The connection closes.
  };

  private readonly onClose = (): void => {
    const { response } = this;
    this.response = null;
    response?.exchange?.onClosed();
    this.owner.onClosed(this);
  };
}
