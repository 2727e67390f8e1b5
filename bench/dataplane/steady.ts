// A load of so many requests a second: a small C program, compiled when the bench starts.
import { join } from 'node:path';
import { run } from '../proxy/child.ts';

export type SteadyAnswer = {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  readonly seconds: number;
  /** From the time a request was due. */
  readonly p50Us: number;
  readonly p99Us: number;
};

export type SteadyLoad = {
  readonly send: (port: number, rate: number, seconds: number, signal: AbortSignal) => Promise<SteadyAnswer>;
};

const SOURCE = join(import.meta.dirname, 'steady.c');

export async function compileSteady(dir: string): Promise<SteadyLoad> {
  const program = join(dir, 'steady');
  await run('cc', ['-O2', '-o', program, SOURCE]);
  return {
    send: async (port, rate, seconds, signal) =>
      JSON.parse(await run(program, [port, rate, seconds].map(String), signal)) as SteadyAnswer,
  };
}
