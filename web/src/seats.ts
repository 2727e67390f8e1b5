// How the tabs of one browser share its connections: over HTTP/1.1 it opens six to a host, and a stream takes one for good. Streams have seats; who has none asks again and again.
import { signal } from '@preact/signals';

/** A stream that a tab would like to keep open; `since` by the clock of this machine. */
export type Claim = { readonly id: string; readonly since: number };

/** Two connections are left for everything else. */
export const SEATS = 4;
/** So often a tab says that it is there. */
export const SAYS_MS = 1000;
/** Who says nothing for so long is gone. */
export const FORGOTTEN_MS = 3500;

/** Those that may stay open: the oldest, the same in every tab. */
export function seatedOf(claims: readonly Claim[]): ReadonlySet<string> {
  const inOrder = claims.toSorted((one, other) => one.since - other.since || (one.id < other.id ? -1 : 1));
  return new Set(inOrder.slice(0, SEATS).map((one) => one.id));
}

type Word = { readonly tab: string; readonly claims: readonly Claim[]; readonly isNew: boolean };
export type Channel = Pick<BroadcastChannel, 'postMessage' | 'onmessage'>;

/** What one tab knows of the others. Without a channel it is alone. */
export class Seats {
  readonly #tab: string;
  readonly #channel: Channel | null;
  readonly #now: () => number;
  readonly #mine = new Map<string, number>();
  readonly #others = new Map<string, { readonly claims: readonly Claim[]; readonly heardAt: number }>();
  readonly #seated = signal<ReadonlySet<string>>(new Set());

  constructor(tab: string, channel: Channel | null, now: () => number) {
    this.#tab = tab;
    this.#channel = channel;
    this.#now = now;
    if (channel) channel.onmessage = ({ data }: MessageEvent<Word>) => this.#hear(data);
    this.#say(true);
  }

  /** Asks for a seat for this kind of stream, unless it is asked for already. */
  claim(kind: string): void {
    if (this.#mine.has(kind)) return;
    this.#mine.set(kind, this.#now());
    this.#say(false);
  }

  leave(kind: string): void {
    if (this.#mine.delete(kind)) this.#say(false);
  }

  /** Whether this kind of stream may stay open, as far as is known now. */
  has(kind: string): boolean {
    return this.#seated.value.has(this.#idOf(kind));
  }

  /** To be called every `SAYS_MS`. */
  beat(): void {
    const oldest = this.#now() - FORGOTTEN_MS;
    for (const [tab, { heardAt }] of this.#others) if (heardAt < oldest) this.#others.delete(tab);
    this.#say(false);
  }

  #hear({ tab, claims, isNew }: Word): void {
    if (claims.length === 0) this.#others.delete(tab);
    else this.#others.set(tab, { claims, heardAt: this.#now() });
    if (isNew && this.#mine.size > 0) this.#say(false);
    else this.#choose();
  }

  #say(isNew: boolean): void {
    this.#channel?.postMessage({ tab: this.#tab, claims: this.#claims(), isNew } satisfies Word);
    this.#choose();
  }

  #claims(): readonly Claim[] {
    return [...this.#mine].map(([kind, since]) => ({ id: this.#idOf(kind), since }));
  }

  #choose(): void {
    const others = [...this.#others.values()].flatMap((one) => one.claims);
    const next = seatedOf([...this.#claims(), ...others]);
    const before = this.#seated.peek();
    if (next.size !== before.size || [...next].some((id) => !before.has(id))) this.#seated.value = next;
  }

  #idOf(kind: string): string {
    return `${this.#tab} ${kind}`;
  }
}
