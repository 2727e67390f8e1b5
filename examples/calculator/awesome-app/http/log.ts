// Log lines: one JSON object per line, errors to stderr, everything else to stdout.

export type Log = {
  info(msg: string, members?: Readonly<Record<string, unknown>>): void;
  error(msg: string, members?: Readonly<Record<string, unknown>>): void;
};

/** Every line carries `service`, and the version and instance when fridaymorning runs this process. */
export function createLog(service: string): Log {
  const { FRIDAY_VERSION: version, FRIDAY_INSTANCE: instance } = process.env;
  const line = (level: string, msg: string, members: Readonly<Record<string, unknown>>) =>
    `${JSON.stringify({ level, msg, time: new Date().toISOString(), service, version, instance, ...members })}\n`;
  return {
    info: (msg, members = {}) => void process.stdout.write(line('info', msg, members)),
    error: (msg, members = {}) => void process.stderr.write(line('error', msg, members)),
  };
}

/** Message and stack of anything that was thrown. */
export function describeError(error: unknown): { error: string; stack?: string } {
  if (!(error instanceof Error)) return { error: String(error) };
  return error.stack === undefined ? { error: error.message } : { error: error.message, stack: error.stack };
}
