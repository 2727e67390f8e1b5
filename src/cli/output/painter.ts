// Redraws a block of lines in place; the last picture stays in the scrollback.
import type { OutputStream } from './terminal.ts';
import { widthOf } from './text.ts';

const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';
/** The terminal shows what is between these at once (DEC private mode 2026); others ignore them. */
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

/** Owns the lines below the cursor until it is closed. */
export class Painter {
  readonly #stream: OutputStream;
  #drawn: readonly string[] = [];
  #isOpen = false;
  readonly #restore: () => void;

  constructor(stream: OutputStream) {
    this.#stream = stream;
    this.#restore = () => {
      if (this.#isOpen) this.#stream.write(SHOW);
      this.#isOpen = false;
    };
  }

  /** Replaces the picture. Lines that do not fit on the screen are left out at the bottom. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) {
      this.#isOpen = true;
      process.once('exit', this.#restore);
      this.#stream.write(HIDE);
    }
    this.#paint(lines.slice(0, Math.max(1, (this.#stream.rows ?? 24) - 1)));
  }

  /** Draws the last picture whole and leaves the cursor below it. */
  finish(lines: readonly string[]): void {
    this.#paint(lines);
    this.close();
  }

  /** Leaves the picture as it is. Idempotent. */
  close(): void {
    process.off('exit', this.#restore);
    this.#restore();
    this.#drawn = [];
  }

  #paint(lines: readonly string[]): void {
    const columns = this.#stream.columns ?? 80;
    // A line drawn on a wider terminal takes several rows after it has shrunk.
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    const up = rows > 0 ? `\u001b[${rows}A` : '';
    const body = lines.map((line) => `${line}\u001b[K\n`).join('');
    this.#stream.write(`${BEGIN}\r${up}${body}\u001b[J${END}`);
    this.#drawn = lines;
  }
}
