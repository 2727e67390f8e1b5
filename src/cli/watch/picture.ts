// What is shown while the changes of `friday up` come to something: all of them redrawn in place, or each told once.
import type { ChangeView } from '../../api/views.ts';
import type { Call } from '../call.ts';
import { paintOf } from '../output/paint.ts';
import { Painter } from '../output/painter.ts';
import { cleaned, wrap } from '../output/text.ts';
import { outcomeLine } from '../screens/plan.ts';
import type { Settled } from './settle.ts';

export class Picture {
  readonly #call: Call;
  readonly #names: readonly string[];
  readonly #painter: Painter | null;
  readonly #last = new Map<string, Settled>();
  readonly #told = new Set<string>();
  #problems: readonly string[] = [];

  constructor(call: Call, changes: readonly ChangeView[]) {
    const { terminal } = call;
    this.#call = call;
    this.#names = changes.map((change) => change.service);
    this.#painter = terminal.isLive && terminal.tellsProgress ? new Painter(terminal.streams.stdout) : null;
  }

  /** New looks at some of the changes, and what the control plane cannot do right now. */
  show(looks: readonly Settled[], problems: readonly string[]): void {
    this.#problems = problems;
    for (const look of looks) {
      const before = this.#last.get(look.service);
      this.#last.set(look.service, look);
      if (look.kind === 'waiting' || before?.kind === look.kind) continue;
      this.#call.terminal.json({ type: 'service', at: this.#call.clock.now(), ...look });
      if (!this.#painter) this.#call.terminal.answer(this.#line(look));
    }
    if (this.#painter) this.#painter.draw([...this.#lines(), ...this.#problemLines(problems)]);
    else this.#tellOnce(problems);
  }

  /** Leaves the last picture; gives what each change has come to. */
  close(): readonly Settled[] {
    if (this.#painter && this.#last.size > 0) {
      this.#painter.finish([...this.#lines(), ...this.#problemLines(this.#problems)]);
    }
    return this.#settled();
  }

  #settled(): Settled[] {
    return this.#names.flatMap((name) => this.#last.get(name) ?? []);
  }

  #lines(): string[] {
    return this.#settled().map((one) => this.#line(one));
  }

  #line(look: Settled): string {
    const { terminal } = this.#call;
    return outcomeLine(look, this.#names, { width: terminal.width, color: terminal.hasColour });
  }

  #tellOnce(problems: readonly string[]): void {
    const fresh = problems.filter((problem) => !this.#told.has(problem));
    for (const problem of fresh) this.#told.add(problem);
    this.#call.terminal.say(fresh.map((problem) => `  ▲ ${cleaned(problem)}`));
  }

  #problemLines(problems: readonly string[]): string[] {
    const { terminal } = this.#call;
    const paint = paintOf(terminal.hasColour);
    return problems.flatMap((problem) =>
      wrap(cleaned(problem), terminal.width - 6).map(
        (line, index) => `  ${paint.warn(index === 0 ? `▲ ${line}` : `  ${line}`)}`,
      ),
    );
  }
}
