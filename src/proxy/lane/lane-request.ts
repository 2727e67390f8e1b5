// A request of the fast lane, for the same exchange as any other.
import type { Socket } from 'node:net';
import type { ClientRequest } from '../edge/client.ts';
import { RequestHead } from '../edge/request-head.ts';
import type { Target } from '../upstream/target.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { WholeBody } from '../upstream/whole-body.ts';
import type { PlainRequest } from './plain-request.ts';

export class LaneRequest implements ClientRequest {
  readonly method: string;
  readonly url: string;
  readonly head: RequestHead;
  readonly socket: Socket;
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor = 1;
  readonly isWhole = true;
  readonly rawTrailers: string[] = NONE;
  private readonly bytes: Buffer | null;
  private body: WholeBody | null = null;

  constructor({ method, url, raw, body }: PlainRequest, socket: Socket) {
    this.method = method;
    this.url = url;
    this.head = new RequestHead(raw);
    this.socket = socket;
    this.bytes = body;
  }

  bodyFor(): WholeBody {
    this.body ??= new WholeBody(this.bytes ?? Buffer.alloc(0));
    return this.body;
  }

  cutOff(): void {
    this.socket.destroy();
  }

  upstreamOf(target: Target): Upstream {
    // Some servers send a body to HEAD, which must not be taken for the next answer: the usual way ends that connection.
    return this.method === 'HEAD' ? target.upstream : target.lane;
  }
}

const NONE: string[] = [];
