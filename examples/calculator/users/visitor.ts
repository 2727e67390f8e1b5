// One pretend user: the cookies a browser would keep, and what it does next.

export type Kind = 'page' | 'calculate' | 'greeting' | 'like';

/** How likely a visitor likes each greeting: the second one really is better. */
const LIKE_SHARE: Readonly<Record<string, number>> = { a: 0.15, b: 0.3 };

export type Visitor = {
  readonly cookies: Map<string, string>;
  /** The first greeting that it was shown. */
  variant: string | null;
};

export type Step = {
  readonly kind: Kind;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string | null;
};

export function newVisitor(): Visitor {
  return { cookies: new Map(), variant: null };
}

/** Half calculations, a quarter page loads, a quarter greetings. */
export function chooseStep(random: () => number): Step {
  const dice = random();
  if (dice < 0.25) return { kind: 'page', method: 'GET', path: '/', body: null };
  if (dice < 0.5) return { kind: 'greeting', method: 'GET', path: '/api/greeting', body: null };
  const operation = ['add', 'subtract', 'multiply', 'divide'][Math.floor(random() * 4)] ?? 'add';
  const a = (random() < 0.2 ? -1 : 1) * Math.ceil(random() * 1000);
  const b = Math.ceil(random() * 100) / 10;
  return { kind: 'calculate', method: 'GET', path: `/api/calculate?operation=${operation}&a=${a}&b=${b}`, body: null };
}

/** The like of a visitor who was just shown `variant`; null when it does not like it, or decided that before. */
export function chooseLike(visitor: Visitor, variant: string, random: () => number): Step | null {
  if (visitor.variant !== null) return null;
  visitor.variant = variant;
  if (random() >= (LIKE_SHARE[variant] ?? 0)) return null;
  return { kind: 'like', method: 'POST', path: '/api/greeting/like', body: JSON.stringify({ variant }) };
}

/** Remembers one Set-Cookie line. */
export function keepCookie(visitor: Visitor, line: string): void {
  const [, name, value] = /^([^=;\s]+)=([^;]*)/.exec(line) ?? [];
  if (name !== undefined && value !== undefined && visitor.cookies.size < 10) visitor.cookies.set(name, value);
}
