// The fast lane to one instance: its kept connections.
import type { ProxyLimits } from '../limits.ts';
import type { Answer, Call, Upstream, UpstreamRequest } from '../upstream/upstream.ts';
import { InstanceLine, type LineKeeper } from './instance-line.ts';

/** The instance closes an idle connection when it said it would; a request must not be on its way there then. */
const MARGIN_MS = 2_000;
const LOOK_MS = 500;

export class InstanceLines implements LineKeeper, Upstream {
  readonly host: string;
  readonly port: number;
  readonly connectMs: number;
  private readonly idleMs: number;
  /** The last one used comes last. */
  private idle: InstanceLine[] = [];
  private readonly all = new Set<InstanceLine>();
  private timer: NodeJS.Timeout | null = null;

  constructor(host: string, port: number, limits: ProxyLimits) {
    this.host = host;
    this.port = port;
    this.connectMs = limits.connectMs;
    this.idleMs = limits.upstreamIdleMs;
  }

  send(request: UpstreamRequest, answer: Answer): Call {
    const line = this.takeIdle() ?? this.open();
    line.send(request, answer);
    return line;
  }

  close(): void {
    for (const line of this.all) line.abort();
  }

  onIdle(line: InstanceLine, keptMs: number | null): void {
    const forMs = keptMs === null ? this.idleMs : Math.min(this.idleMs, keptMs - MARGIN_MS);
    if (forMs <= 0) {
      line.destroy();
      return;
    }
    line.keptUntil = performance.now() + forMs;
    this.idle.push(line);
    this.timer ??= setInterval(() => this.closeOld(), LOOK_MS).unref();
  }

  onClosed(line: InstanceLine): void {
    this.all.delete(line);
    const place = this.idle.indexOf(line);
    if (place >= 0) this.idle.splice(place, 1);
  }

  private open(): InstanceLine {
    const line = new InstanceLine(this);
    this.all.add(line);
    return line;
  }

  private takeIdle(): InstanceLine | undefined {
    if (this.idle.length === 0) return undefined;
    const now = performance.now();
    for (let line = this.idle.pop(); line !== undefined; line = this.idle.pop()) {
      if (line.isUsable(now)) return line;
      line.destroy();
    }
    return undefined;
  }

  private closeOld(): void {
    const now = performance.now();
    const old = this.idle.filter((line) => !line.isUsable(now));
    this.idle = this.idle.filter((line) => line.isUsable(now));
    for (const line of old) line.destroy();
    if (this.idle.length > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }
}
