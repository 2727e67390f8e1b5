// How bad a log line says it is.
import type { LogLevel } from '../../ports/logs.ts';

const WORDS: Readonly<Record<string, LogLevel>> = {
  emerg: 'error',
  alert: 'error',
  fatal: 'error',
  panic: 'error',
  critical: 'error',
  crit: 'error',
  error: 'error',
  err: 'error',
  warning: 'warn',
  warn: 'warn',
  notice: 'info',
  info: 'info',
  log: 'info',
  debug: 'debug',
  verbose: 'debug',
  trace: 'debug',
};
const RANK: readonly LogLevel[] = ['error', 'warn', 'info', 'debug'];
/** A level stands near the start of a line. */
const LOOKED_AT = 200;

/** From the `level` (or `severity`) of a JSON line, from `level=…`, from a word in capitals or brackets, or from the name of an error; else null. */
export function levelOf(text: string): LogLevel | null {
  if (text.startsWith('{')) {
    const level = levelOfJson(text);
    if (level !== null) return level;
  }
  const start = text.slice(0, LOOKED_AT);
  const named = /\b(?:level|severity|lvl)["']?[=:]\s*["']?([A-Za-z]+)/.exec(start) ?? /\[([A-Za-z]+)\]/.exec(start);
  const word = WORDS[named?.[1]?.toLowerCase() ?? ''];
  if (word !== undefined) return word;
  const shouted = /\b(EMERG|ALERT|FATAL|PANIC|CRITICAL|CRIT|ERROR|ERR|WARNING|WARN|NOTICE|INFO|DEBUG|TRACE)\b/.exec(
    start,
  );
  if (shouted !== null) return WORDS[(shouted[1] ?? '').toLowerCase()] ?? null;
  return /^(?:Uncaught )?(?:[A-Z]\w*)?(?:Error|Exception)\b/.test(start) ? 'error' : null;
}

/** Whether a line of `level` is wanted by somebody who asks for `wanted` and worse. */
export function isAtLeast(level: LogLevel | null, wanted: LogLevel): boolean {
  return level !== null && RANK.indexOf(level) <= RANK.indexOf(wanted);
}

function levelOfJson(text: string): LogLevel | null {
  try {
    const { level, severity, lvl } = JSON.parse(text) as Record<string, unknown>;
    const said = level ?? severity ?? lvl;
    // Pino and bunyan: 10 trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal.
    if (typeof said === 'number') return said >= 50 ? 'error' : said >= 40 ? 'warn' : said >= 30 ? 'info' : 'debug';
    return typeof said === 'string' ? (WORDS[said.toLowerCase()] ?? null) : null;
  } catch {
    return null;
  }
}
