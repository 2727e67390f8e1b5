// One life of a simulated instance: from its start to its end.
import type { Exit, InstanceSeen, InstanceSpec } from '../ports/runtime.ts';
import type { Behaviour } from './behaviour.ts';
import type { SimTime } from './time.ts';

export class SimInstance {
  readonly spec: InstanceSpec;
  readonly behaviour: Behaviour;
  readonly port: number;
  readonly startedS: number;
  /** Long requests and streams that it answers now. */
  open = 0;
  /** Requests that it has answered in this second, and in the one before. */
  answered = 0;
  #answeredBefore = 0;
  stopAskedS: number | null = null;
  exit: Exit | null = null;
  readonly #time: SimTime;
  readonly #startedAt: number;
  readonly #readyS: number;

  constructor(spec: InstanceSpec, behaviour: Behaviour, port: number, slowS: number, time: SimTime) {
    this.spec = spec;
    this.behaviour = behaviour;
    this.port = port;
    this.#time = time;
    this.startedS = time.second;
    this.#startedAt = time.wallMs;
    this.#readyS = behaviour.readyAfterS === null ? Number.POSITIVE_INFINITY : behaviour.readyAfterS + slowS;
  }

  get isOver(): boolean {
    return this.exit !== null;
  }

  /** It was told to stop, whatever ended it then. */
  get wasStopped(): boolean {
    return this.stopAskedS !== null;
  }

  get isReady(): boolean {
    const age = this.#time.second - this.startedS;
    if (this.isOver || this.wasStopped || age < this.#readyS) return false;
    const { flap } = this.behaviour;
    return flap === null || age % flap.everyS < flap.everyS - flap.forS;
  }

  /** Share of requests that it answers 5xx now. */
  get errorShare(): number {
    const { errorShare, spoilsAfterS } = this.behaviour;
    return this.#time.second - this.startedS < (spoilsAfterS ?? 0) ? 0 : errorShare;
  }

  /** What a second does to it. */
  age(): void {
    this.#answeredBefore = this.answered;
    this.answered = 0;
    if (this.isOver) return;
    const { crashAfterS, leakAfterS, stopsAfterS } = this.behaviour;
    const age = this.#time.second - this.startedS;
    const stopping = this.stopAskedS === null ? -1 : this.#time.second - this.stopAskedS;
    if (stopsAfterS !== null && stopping >= stopsAfterS && this.open === 0) this.end(0, null);
    else if (stopping * 1000 >= this.spec.spec.stopGraceMs) this.end(null, 'SIGKILL');
    else if (crashAfterS !== null && age >= crashAfterS) this.end(1, null);
    else if (leakAfterS !== null && age >= leakAfterS) this.end(null, 'SIGKILL');
  }

  end(code: number | null, signal: string | null): void {
    if (this.isOver) return;
    this.exit = { at: this.#time.wallMs, code, signal };
    this.#time.note(
      `${this.spec.id} ended with ${signal ?? `status ${code}`}${this.wasStopped ? ' after its stop' : ''}`,
    );
  }

  see(): InstanceSeen {
    const { id, service, version, slot } = this.spec;
    const isReady = this.isReady;
    const running = this.wasStopped ? 'stopping' : isReady ? 'ready' : 'starting';
    return {
      id,
      service,
      version,
      slot,
      state: this.isOver ? 'exited' : running,
      host: '127.0.0.1',
      port: this.port,
      startedAt: this.#startedAt,
      reason: isReady ? '' : `GET http://127.0.0.1:${this.port}/up answered 503`,
      exit: this.exit,
      handle: `sim ${this.port}`,
      cpu: this.isOver ? null : (this.#answeredBefore * this.behaviour.cpuMs) / 1000,
      memory: this.isOver ? null : this.behaviour.memoryMb * 1e6,
    };
  }
}
