// Clients of hello by HTTPS: on open connections and on new ones. Each request that fails is kept with its reason.
import { Agent, get } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

export type Load = {
  readonly sent: () => number;
  /** What failed so far, one sentence each. */
  readonly failures: readonly string[];
  end(): Promise<void>;
};

/** Eight clients ask again and again, about a hundred times a second together, until the end. They take any certificate. */
export function startLoad(url: string): Load {
  const agent = new Agent({ keepAlive: true, rejectUnauthorized: false });
  const failures: string[] = [];
  let sent = 0;
  let isOver = false;
  const client = async (isKeeping: boolean) => {
    while (!isOver) {
      const words = await ask(url, isKeeping ? agent : false);
      sent += 1;
      if (words !== null) failures.push(`${new Date().toISOString()} ${words}`);
      await sleep(80 * Math.random() * 2);
    }
  };
  const clients = Promise.all([true, true, true, true, true, true, false, false].map(client));
  return {
    sent: () => sent,
    failures,
    end: async () => {
      isOver = true;
      await clients;
      agent.destroy();
    },
  };
}

/** null when the answer was 200 and whole. */
function ask(url: string, agent: Agent | false): Promise<string | null> {
  return new Promise((resolve) => {
    get(url, { agent, rejectUnauthorized: false }, (response) => {
      response.on('error', () => undefined).resume();
      response.on('close', () => {
        const version = response.headers['x-friday-version'] ?? 'no version';
        if (response.statusCode !== 200) resolve(`status ${response.statusCode} of ${version}`);
        else resolve(response.complete ? null : `cut, ${version}`);
      });
    }).on('error', (error) => resolve(error.message));
  });
}
