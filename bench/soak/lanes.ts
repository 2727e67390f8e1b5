// The soak's clients: each lane does one thing again and again until the signal, and never retries.
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome, Tally } from './tally.ts';

type Answer = {
  readonly status: number;
  readonly version: string;
  readonly instance: string;
  readonly bytes: number;
  readonly isWhole: boolean;
};

type Asked = {
  readonly method: string;
  readonly path: string;
  readonly agent: Agent | false;
  readonly send?: (request: ClientRequest) => Promise<void>;
};

const DOWNLOAD_CHUNKS = 60;
const UPLOAD_PIECES = 20;

/** Starts all lanes; resolves when each has ended its last request after the abort. */
export async function runLanes(port: number, tally: Tally, signal: AbortSignal): Promise<void> {
  const lanes: Promise<void>[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const add = (count: number, lane: () => Promise<void>) => {
    for (let i = 0; i < count; i += 1) lanes.push(lane());
  };
  add(10, () => repeat(signal, 30, () => short(port, tally, 'GET', agent)));
  add(2, () => repeat(signal, 30, () => short(port, tally, 'GET', false)));
  add(4, () => repeat(signal, 50, () => short(port, tally, 'POST', agent)));
  add(2, () => repeat(signal, 100, () => upload(port, tally, agent)));
  add(3, () => repeat(signal, 100, () => download(port, tally, agent)));
  add(3, () => repeat(signal, 100, () => webSocket(port, tally)));
  await Promise.all(lanes);
  agent.destroy();
}

async function repeat(signal: AbortSignal, pauseMs: number, turn: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await turn();
    await sleep(pauseMs * 2 * Math.random());
  }
}

function ask(port: number, { method, path, agent, send }: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, agent }, (response: IncomingMessage) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      const finish = () => {
        const { headers, statusCode = 0, complete } = response;
        const text = (name: string) => String(headers[name] ?? '');
        resolve({
          status: statusCode,
          version: text('x-friday-version'),
          instance: text('x-soak-instance'),
          bytes,
          isWhole: complete,
        });
      };
      response.on('close', finish);
      response.on('error', () => undefined);
    });
    request.on('error', reject);
    if (send) send(request).then(() => request.end(), reject);
    else request.end();
  });
}

type Kind = Pick<Outcome, 'lane' | 'isIdempotent' | 'isStream'>;

async function tell(
  tally: Tally,
  kind: Kind,
  asked: () => Promise<Answer>,
  isRight: (answer: Answer) => boolean,
): Promise<void> {
  try {
    const answer = await asked();
    const isOk = answer.status === 200 && answer.isWhole && isRight(answer);
    const words = answer.status === 200 ? `cut after ${answer.bytes} bytes` : `status ${answer.status}`;
    tally.count({ ...kind, at: Date.now(), isOk, version: answer.version, instance: answer.instance, words });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    tally.count({ ...kind, at: Date.now(), isOk: false, version: '', instance: '', words });
  }
}

function short(port: number, tally: Tally, method: 'GET' | 'POST', agent: Agent | false): Promise<void> {
  const kind = {
    lane: `${method} ${agent ? 'keep-alive' : 'new connection'}`,
    isIdempotent: method === 'GET',
    isStream: false,
  };
  return tell(
    tally,
    kind,
    () => ask(port, { method, path: '/work', agent }),
    () => true,
  );
}

async function upload(port: number, tally: Tally, agent: Agent): Promise<void> {
  const piece = Buffer.alloc(8192, 'u');
  const send = async (request: ClientRequest) => {
    for (let i = 0; i < UPLOAD_PIECES; i += 1) {
      request.write(piece);
      await sleep(50);
    }
  };
  const kind = { lane: 'upload', isIdempotent: false, isStream: false };
  await tell(
    tally,
    kind,
    () => ask(port, { method: 'POST', path: '/work', agent, send }),
    () => true,
  );
}

async function download(port: number, tally: Tally, agent: Agent): Promise<void> {
  const kind = { lane: 'download', isIdempotent: true, isStream: true };
  const asked = () => ask(port, { method: 'GET', path: `/download?chunks=${DOWNLOAD_CHUNKS}`, agent });
  await tell(tally, kind, asked, (answer) => answer.bytes === DOWNLOAD_CHUNKS * 1024);
}

/** Three seconds of echoes; the server may not be the one that closes. */
function webSocket(port: number, tally: Tally): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`);
    let instance = '';
    let sent = 0;
    let echoed = 0;
    let isClosing = false;
    const timer = setInterval(() => {
      if (socket.readyState !== WebSocket.OPEN || sent > echoed) return;
      if (sent === 30) {
        isClosing = true;
        clearInterval(timer);
        socket.close();
        return;
      }
      sent += 1;
      socket.send(`ping ${sent}`);
    }, 100);
    socket.addEventListener('message', ({ data }) => {
      if (String(data).startsWith('instance ')) instance = String(data).slice('instance '.length);
      else echoed += 1;
    });
    socket.addEventListener('close', () => {
      clearInterval(timer);
      const words = instance === '' ? 'no handshake' : `cut after ${echoed} of ${sent} echoes`;
      const common = { lane: 'websocket', isIdempotent: false, isStream: true, at: Date.now() };
      tally.count({ ...common, isOk: isClosing && echoed === sent, version: '', instance, words });
      resolve();
    });
    socket.addEventListener('error', () => undefined);
  });
}
