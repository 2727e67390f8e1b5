// HAProxy meets the contract of every balancer.
import { describe, it } from 'vitest';
import { balancerContract } from '../../../ports/balancer.contract.ts';
import { haproxyPlace } from './fixture.ts';
import { findHaproxy } from './program.ts';

if (findHaproxy() !== null || process.env.CI) balancerContract('HAProxy', haproxyPlace);
else {
  console.warn('HAProxy is not installed here, so its contract is not tried: apt-get install haproxy');
  describe.skip('HAProxy as a balancer', () => it('is not installed here', () => undefined));
}
