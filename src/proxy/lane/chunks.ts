// Reads a body in chunks of the plainest form: hexadecimal sizes, no extensions, no trailers.

/** `more`: the body goes on. `end`: it ended. `odd`: a size line that is not plain. `broken`: a chunk is longer than its size. */
export type ChunksRead = { readonly state: 'more' | 'end' | 'odd' | 'broken'; readonly at: number };

const CR = 13;
const LF = 10;
const MAX_DIGITS = 7;
/** Any longer, and it is not plain. */
const LONGEST_LINE = MAX_DIGITS + 4;
/** The line of a size that is not zero, or the last line and the empty one behind it. */
const SIZE_LINE = /^([0-9A-Fa-f]{1,7})\r\n/;
const LAST_LINES = /^0{1,7}\r\n\r\n/;
const COULD_BECOME_PLAIN = /^(?:[0-9A-Fa-f]{1,7}\r?|0{1,7}\r\n\r?)?$/;

export class ChunkReader {
  /** Bytes of the chunk that are still to come. */
  private left = 0;
  /** The CRLF behind a chunk, as far as it is still to come. */
  private endLeft = 0;
  /** The beginning of a size line whose rest has not come. */
  private line: Buffer | null = null;

  /**
   * Gives the data in `bytes`, from `from` on, to `take`. `at` is where reading stopped: behind the end, or, when it is odd,
   * at the line in `unread`.
   */
  read(bytes: Buffer, from: number, take: (data: Buffer) => void): ChunksRead {
    let at = from;
    while (at < bytes.length) {
      if (this.left > 0) {
        const to = Math.min(bytes.length, at + this.left);
        take(bytes.subarray(at, to));
        this.left -= to - at;
        at = to;
        if (this.left === 0) this.endLeft = 2;
      } else if (this.endLeft > 0) {
        if (bytes[at] !== (this.endLeft === 2 ? CR : LF)) return { state: 'broken', at };
        this.endLeft -= 1;
        at += 1;
      } else {
        const found = this.readLine(bytes, at);
        if (found.state !== 'more') return found;
        at = found.at;
      }
    }
    return { state: 'more', at };
  }

  /** What was kept of a line that began in earlier bytes. */
  get unread(): Buffer {
    return this.line ?? Buffer.alloc(0);
  }

  private readLine(bytes: Buffer, at: number): ChunksRead {
    const kept = this.line?.length ?? 0;
    const text = (this.line?.toString('latin1') ?? '') + bytes.toString('latin1', at, at + LONGEST_LINE - kept);
    const last = LAST_LINES.exec(text);
    if (last !== null) return { state: 'end', at: at + last[0].length - kept };
    const line = SIZE_LINE.exec(text);
    const size = Number.parseInt(line?.[1] ?? '', 16);
    if (line !== null && size > 0) {
      this.left = size;
      this.line = null;
      return { state: 'more', at: at + line[0].length - kept };
    }
    if (!COULD_BECOME_PLAIN.test(text)) return { state: 'odd', at };
    this.line = Buffer.from(text, 'latin1');
    return { state: 'more', at: bytes.length };
  }
}
