// The live picture of a release on a terminal, and the keys that steer it.
import type { Client } from '../../api/client.ts';
import type { ArmView, ReleaseView } from '../../api/views.ts';
import { sentenceOf } from '../../core/failure.ts';
import type { Call } from '../call.ts';
import { onKeys } from '../output/keys.ts';
import { Painter } from '../output/painter.ts';
import { frame } from '../screens/frame.ts';
import type { Watcher } from './follow.ts';

type Steering = Pick<Client, 'promote' | 'pause' | 'rollBack'>;

const LOST_AFTER_MS = 3000;
const NOTE_MS = 8000;

/** Draws in place. `stop` is called when the person stops watching (q or Ctrl-C). */
export class LiveRelease implements Watcher {
  readonly #call: Call;
  readonly #client: Steering;
  readonly #stop: () => void;
  readonly #painter: Painter;
  readonly #hasKeys: boolean;
  readonly #release: () => void;
  #view: ReleaseView | null = null;
  #lostSince: number | null = null;
  #isAsking = false;
  #note: { readonly text: string; readonly at: number } | null = null;
  /** Orders that were given and not answered yet. */
  readonly #given = new Set<Promise<void>>();
  #isLeaving = false;

  constructor(call: Call, client: Steering, stop: () => void) {
    const { stdin, stdout } = call.terminal.streams;
    this.#call = call;
    this.#client = client;
    this.#stop = stop;
    this.#painter = new Painter(stdout);
    this.#hasKeys = stdin.isTTY === true && stdin.setRawMode !== undefined;
    const resized = () => this.#draw();
    stdout.on?.('resize', resized);
    const endKeys = this.#hasKeys ? onKeys(stdin, (key) => this.#press(key)) : () => {};
    this.#release = () => {
      stdout.off?.('resize', resized);
      endKeys();
    };
  }

  show(view: ReleaseView): void {
    this.#lostSince = null;
    this.#view = withTraffic(view, this.#view);
    this.#draw();
  }

  lost(since: number): void {
    if (this.#call.clock.now() - since >= LOST_AFTER_MS) this.#lostSince = since;
    this.#draw();
  }

  close(): void {
    this.#release();
    if (this.#view) this.#painter.finish(this.#lines(this.#view, false));
    this.#view = null;
  }

  #draw(): void {
    if (this.#view) this.#painter.draw(this.#lines(this.#view, this.#hasKeys));
  }

  #lines(view: ReleaseView, hasKeys: boolean): string[] {
    const { terminal, clock } = this.#call;
    const isFresh = this.#note !== null && clock.now() - this.#note.at < NOTE_MS;
    return frame(view, {
      width: terminal.width,
      color: terminal.hasColour,
      rows: terminal.rows,
      now: clock.now(),
      hasKeys,
      question: this.#isAsking ? questionOf(view) : null,
      note: isFresh ? (this.#note?.text ?? null) : null,
      lostSince: this.#lostSince,
    });
  }

  #press(key: string): void {
    const view = this.#view;
    if (key === 'ctrl-c') this.#leave();
    else if (!view || view.isOver) return;
    else if (this.#isAsking) {
      this.#isAsking = false;
      if (key === 'y' || key === '\r') this.#order(() => this.#client.rollBack(view.service));
      else this.#draw();
    } else if (key === 'q') this.#leave();
    else if (key === 'p') this.#order(() => this.#client.promote(view.service));
    else if (key === ' ') this.#order(() => this.#client.pause(view.service));
    else if (key === 'r') {
      this.#isAsking = true;
      this.#draw();
    }
  }

  /** An order that was given is taken before the watching ends; who asks twice does not wait for it. */
  #leave(): void {
    if (this.#given.size === 0 || this.#isLeaving) {
      this.#stop();
      return;
    }
    this.#isLeaving = true;
    void Promise.all(this.#given).then(() => this.#stop());
  }

  #order(give: () => Promise<ReleaseView>): void {
    const given = give().then(
      (view) => {
        if (view.id === this.#view?.id) this.show(view);
      },
      (error: unknown) => {
        this.#note = { text: sentenceOf(error), at: this.#call.clock.now() };
        this.#draw();
      },
    );
    this.#given.add(given);
    void given.finally(() => this.#given.delete(given));
  }
}

function questionOf(view: ReleaseView): string {
  return view.from === null
    ? `Stop v${view.version} of ${view.service}?`
    : `Roll ${view.service} back to v${view.from}?`;
}

/** Once it is over nothing is measured any more; the last picture keeps the last latencies. */
function withTraffic(view: ReleaseView, before: ReleaseView | null): ReleaseView {
  const keep = (arm: ArmView, last: ArmView | null | undefined) =>
    arm.traffic === null && last ? { ...arm, traffic: last.traffic } : arm;
  if (!view.isOver || before === null) return view;
  return {
    ...view,
    candidate: keep(view.candidate, before.candidate),
    stable: view.stable && keep(view.stable, before.stable),
  };
}
