// HAProxy meets the contract of every balancer.
import { describeWith } from '../../../../test/engines.ts';
import { balancerContract } from '../../../ports/balancer.contract.ts';
import { balancerTlsContract } from '../../../ports/balancer-tls.contract.ts';
import { haproxyPlace } from './fixture.ts';

describeWith('haproxy', 'the contract of balancers', () => {
  balancerContract('HAProxy', haproxyPlace);
  balancerTlsContract('HAProxy', haproxyPlace);
});
