// The connections of one listener that the fast lane reads, and how long they may be silent.
import type { ProxyLimits } from '../limits.ts';
import type { ClientLine } from './client-line.ts';

export class ClientLines {
  private readonly lines = new Set<ClientLine>();
  private readonly limits: ProxyLimits;
  private timer: NodeJS.Timeout | null = null;

  constructor(limits: ProxyLimits) {
    this.limits = limits;
  }

  add(line: ClientLine): void {
    this.lines.add(line);
    // As often as Node's server looks.
    this.timer ??= setInterval(() => this.closeSilent(), Math.max(100, Math.min(1000, this.limits.headerMs / 5)));
    this.timer.unref();
  }

  delete(line: ClientLine): void {
    this.lines.delete(line);
    if (this.lines.size > 0 || this.timer === null) return;
    clearInterval(this.timer);
    this.timer = null;
  }

  closeIdle(): void {
    for (const line of this.lines) if (line.idleSince !== null) line.destroy();
  }

  closeAll(): void {
    for (const line of this.lines) line.destroy();
  }

  private closeSilent(): void {
    const now = performance.now();
    const { headerMs, keepAliveMs } = this.limits;
    for (const line of this.lines) {
      if (line.idleSince === null) continue;
      if (now - line.idleSince > (line.isFresh ? headerMs : keepAliveMs)) line.timeOut();
    }
  }
}
