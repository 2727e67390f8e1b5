// The port to what instances write: read it by time, follow it while it is written.

/** `error` includes everything worse. */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export type LogLine = {
  /** Milliseconds since 1970 when the line was written, exact to a second. */
  readonly at: number;
  readonly service: string;
  readonly version: number;
  readonly instance: string;
  /** As the line says itself; null when it does not say. */
  readonly level: LogLevel | null;
  /** Without the line end; cut after 16 kB. */
  readonly text: string;
};

/** Everything given must hold for a line. */
export type LogQuery = {
  readonly service?: string;
  readonly version?: number;
  readonly instance?: string;
  /** The line contains it; letters of either case are the same. */
  readonly pattern?: string;
  /** This level or a worse one; lines that do not say their level are left out. */
  readonly level?: LogLevel;
  /** Milliseconds since 1970, both included. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** The last so many of all that match, 0 to 10,000; default 100. */
  readonly lines?: number;
};

export interface Logs {
  /** Lines of running and of removed instances, as far back as they are kept, oldest first. */
  read(query: LogQuery): Promise<readonly LogLine[]>;

  /**
   * First what `read` gives, then every new line until `signal` is aborted, none left out or repeated in between; also
   * lines of instances that start later. Ends quietly. `untilMs` does not count.
   */
  follow(query: LogQuery, signal: AbortSignal): AsyncIterable<LogLine>;
}
