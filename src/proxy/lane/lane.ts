// The fast lane of one listener: it reads every new connection first, and gives to Node's parser what is not plain.
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { ProxyLimits } from '../limits.ts';
import { ClientLine, type LaneOwner } from './client-line.ts';
import { ClientLines } from './client-lines.ts';
import type { LaneResponse } from './lane-response.ts';

export class Lane implements LaneOwner {
  readonly maxHeadBytes: number;
  readonly keepAliveSeconds: number;
  /** Starts the exchange of a request; false = it is none for the fast lane. */
  readonly serve: (response: LaneResponse) => boolean;
  private readonly lines: ClientLines;
  private readonly parse: (socket: Socket) => void;

  /** `server` takes the connections; its own parser gets them only from the lane. */
  constructor(server: EventEmitter, limits: ProxyLimits, serve: (response: LaneResponse) => boolean) {
    this.maxHeadBytes = limits.headerBytes;
    this.keepAliveSeconds = Math.floor(limits.keepAliveMs / 1000);
    this.serve = serve;
    this.lines = new ClientLines(limits);
    const parsers = server.listeners('connection');
    server.removeAllListeners('connection');
    this.parse = (socket) => {
      for (const parse of parsers) parse.call(server, socket);
    };
  }

  take(socket: Socket): void {
    this.lines.add(new ClientLine(socket, this));
  }

  handOver(line: ClientLine, socket: Socket): void {
    this.lines.delete(line);
    this.parse(socket);
  }

  onClosed(line: ClientLine): void {
    this.lines.delete(line);
  }

  closeIdle(): void {
    this.lines.closeIdle();
  }

  closeAll(): void {
    this.lines.closeAll();
  }
}
