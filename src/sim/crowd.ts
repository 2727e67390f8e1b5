// Who the simulated users are, and what they ask for together.
import type { Arm } from '../core/traffic.ts';

/** The users of one service. The numbers may change at any second. */
export type Crowd = {
  readonly service: string;
  /** Requests per second. */
  rate: number;
  /** Share answered 5xx by every version, good or bad. */
  errorShare: number;
  /** Share of the good answers that are 404, whatever the version. */
  clientErrorShare: number;
  /** Long requests per second, each `longS` seconds at most. */
  longRate: number;
  longS: number;
  /** How many different people, for services that keep a client at its version. */
  readonly clients: number;
};

/**
 * Requests of one arm in one go. Where clients keep their version, `clients` has one for each of them. They are drawn one
 * by one, so it is as good as any other order to deal the outcomes out in theirs.
 */
export type Group = {
  readonly arm: Arm;
  readonly count: number;
  readonly clients: readonly number[] | null;
  /** Absent: any. */
  readonly route?: string | undefined;
};

/** What came of one request. */
export type Asked = { readonly arm: Arm; readonly instance: string; readonly status: number };
