// Pretend users of the calculator: they arrive whether or not it keeps up, and count what they were answered.
import { Agent } from 'node:http';
import { parseArgs } from 'node:util';
import { arrivals, createRandom } from './users/arrivals.ts';
import { createTally, type Summary } from './users/tally.ts';
import { act, type UserResult } from './users/turn.ts';
import { chooseLike, chooseStep, newVisitor, type Step, type Visitor } from './users/visitor.ts';

export type UsersOptions = {
  /** Address of the calculator. */
  readonly url: string;
  /** Arrivals per second on average, 0 to 10,000; a function is asked again before every arrival. */
  readonly ratePerSecond: number | (() => number);
  /** No arrivals after its abort; the open requests are still waited for. */
  readonly signal: AbortSignal;
  readonly onResult?: (result: UserResult) => void;
  /** The same seed draws the same numbers; what is liked depends on what was answered, too. */
  readonly seed?: number;
  /** Arrivals above so many open requests are not sent but counted as `skipped`. */
  readonly maxInFlight?: number;
  readonly timeoutMs?: number;
};

const VISITORS = 200;
/** The share of actions by somebody who was never here. */
const NEW_VISITOR_SHARE = 0.05;

/** Resolves with what was counted once `signal` aborted and the last request ended; never rejects. */
export async function pretendUsers(options: UsersOptions): Promise<Summary> {
  const { url, signal, onResult, seed = Date.now(), maxInFlight = 200, timeoutMs = 10_000 } = options;
  const random = createRandom(seed);
  const agent = new Agent({ keepAlive: true, maxSockets: maxInFlight });
  const visitors = Array.from({ length: VISITORS }, newVisitor);
  const tally = createTally();
  const open = new Set<Promise<void>>();
  const started = performance.now();

  /** Whoever likes what was just shown is the next to come. */
  const likes: { readonly visitor: Visitor; readonly step: Step }[] = [];

  const send = (visitor: Visitor, step: Step) => {
    const turn = act({ url, agent, visitor, step, timeoutMs }).then((result) => {
      open.delete(turn);
      tally.count(result);
      onResult?.(result);
      const like = result.kind === 'greeting' && result.variant !== null && chooseLike(visitor, result.variant, random);
      if (like) likes.push({ visitor, step: like });
    });
    open.add(turn);
  };
  const arrive = () => {
    if (open.size >= maxInFlight) return tally.skip();
    const like = likes.shift();
    if (like !== undefined) return send(like.visitor, like.step);
    const place = Math.floor(random() * VISITORS);
    if (random() < NEW_VISITOR_SHARE) visitors[place] = newVisitor();
    send(visitors[place] ?? newVisitor(), chooseStep(random));
  };
  const rate = () => (typeof options.ratePerSecond === 'number' ? options.ratePerSecond : options.ratePerSecond());
  await arrivals({ rate, random, signal, arrive });
  await Promise.all(open);
  agent.destroy();
  return tally.sum((performance.now() - started) / 1000);
}

/** One line for people. */
export function describeSummary({ seconds, requests, answered, failed, dropped, skipped, latencyMs }: Summary): string {
  const rate = (requests / seconds).toFixed(1);
  const counts = `${answered} answered, ${failed} failed, ${dropped} dropped, ${skipped} not sent`;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const latency =
    latencyMs === null ? '' : `; p50 ${ms(latencyMs.p50)}, p95 ${ms(latencyMs.p95)}, p99 ${ms(latencyMs.p99)}`;
  return `${requests} requests in ${seconds.toFixed(1)} s (${rate}/s): ${counts}${latency}`;
}

const USAGE = `node users.ts URL [--rate 40] [--seconds 10] [--seed 1] [--json]

  Sends requests to a running calculator as people would, and says how they were answered.
  Exit status: 0 no request failed, 1 some did, 2 wrong parameters.`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rate: { type: 'string', default: '40' },
      seconds: { type: 'string', default: '10' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [url, ...more] = positionals;
  if (url === undefined || more.length > 0 || URL.parse(url)?.protocol !== 'http:') {
    throw new Error(`expected one URL such as http://localhost:8080, got ${positionals.join(' ') || 'none'}`);
  }
  const seconds = positive('seconds', values.seconds, 86_400);
  const ratePerSecond = positive('rate', values.rate, 10_000);
  const seed = values.seed === undefined ? {} : { seed: positive('seed', values.seed, 2 ** 32 - 1) };
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 1000 * seconds);
  process.once('SIGINT', () => stop.abort());
  const summary = await pretendUsers({ url, ratePerSecond, signal: stop.signal, ...seed });
  clearTimeout(timer);
  console.log(values.json ? JSON.stringify({ type: 'result', ...summary }) : describeSummary(summary));
  return summary.failed > 0 ? 1 : 0;
}

function positive(name: string, text: string, max: number): number {
  const number = Number(text);
  if (number > 0 && number <= max) return number;
  throw new Error(`--${name} must be a number above 0 and up to ${max}, got "${text}"`);
}

if (import.meta.main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(`users.ts: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exitCode = 2;
  }
}
