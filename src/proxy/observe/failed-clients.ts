// The sticky clients that have already failed in one release of one service.

export class FailedClients {
  private readonly ids = new Set<string>();
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Whether this is the client's first failure. A full set takes no more: later first failures of both arms go uncounted. */
  add(id: string): boolean {
    if (this.ids.size >= this.limit || this.ids.has(id)) return false;
    this.ids.add(id);
    return true;
  }
}
