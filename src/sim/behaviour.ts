// How the code of a simulated revision behaves once it runs.

export type Behaviour = {
  /** Seconds from start to ready; null: never. */
  readonly readyAfterS: number | null;
  /** Seconds from start until it ends with status 1; null: it runs on. */
  readonly crashAfterS: number | null;
  /** Seconds from start until the kernel ends it for want of memory. */
  readonly leakAfterS: number | null;
  /** Share of requests answered 5xx, on top of what the service answers anyway. */
  readonly errorShare: number;
  /** Seconds from start until its errors begin; null: at once. */
  readonly spoilsAfterS: number | null;
  /** Share of the other requests answered 404, on top of what users ask for in vain anyway. */
  readonly clientErrorShare: number;
  /** Share of requests that are never answered. */
  readonly hangShare: number;
  readonly latencyMs: number;
  /** Processor time that an answer takes. */
  readonly cpuMs: number;
  readonly memoryMb: number;
  /** It is not ready for the last `forS` seconds of every `everyS`. */
  readonly flap: { readonly everyS: number; readonly forS: number } | null;
  /** Seconds from the stop signal to its end; null: it ignores the signal. */
  readonly stopsAfterS: number | null;
};

export const GOOD: Behaviour = {
  readyAfterS: 1,
  crashAfterS: null,
  leakAfterS: null,
  errorShare: 0,
  spoilsAfterS: null,
  clientErrorShare: 0,
  hangShare: 0,
  latencyMs: 20,
  cpuMs: 5,
  memoryMb: 80,
  flap: null,
  stopsAfterS: 1,
};

/** Whether code like this can serve for good. */
export function isSound(behaviour: Behaviour): boolean {
  const { readyAfterS, crashAfterS, leakAfterS, flap } = behaviour;
  return readyAfterS !== null && crashAfterS === null && leakAfterS === null && flap === null;
}
