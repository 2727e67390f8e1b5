// Whether messages about releases arrive: a test message to every target, now.
import type { Client } from '../../api/client.ts';
import { sentenceOf } from '../../core/failure.ts';
import { inLine } from '../screens/problem.ts';
import { bad, type Finding, ok, warn } from './check.ts';

export async function checkNotify({ access }: Pick<Client, 'access'>): Promise<Finding[]> {
  try {
    const tried = await access.testNotifications();
    if (tried.length === 0) {
      return [warn('nobody is told of releases', 'name somebody in x-friday.notify, then: friday up')];
    }
    return tried.map(({ target, isSent, error }) =>
      isSent
        ? ok(`${target}: a test message was taken`)
        : bad(`${target}: a test message was not taken: ${inLine(error)}`, 'friday notifications'),
    );
  } catch (error) {
    return [bad(`no test message was sent: ${inLine(sentenceOf(error))}`)];
  }
}
