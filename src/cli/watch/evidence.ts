// The last words of a service that is in trouble.
import type { Client } from '../../api/client.ts';

const PATIENCE_MS = 2000;

/** What its instances wrote last, oldest first; empty when that cannot be read. */
export async function lastLinesOf(client: Pick<Client, 'logs'>, service: string, lines: number): Promise<string[]> {
  const words: string[] = [];
  try {
    for await (const line of client.logs({ service, lines }, AbortSignal.timeout(PATIENCE_MS))) words.push(line.text);
  } catch {
    return words;
  }
  return words;
}
