// The embedded proxy meets the contract of every balancer.
import { balancerContract } from '../../../ports/balancer.contract.ts';
import { balancerTlsContract } from '../../../ports/balancer-tls.contract.ts';
import { embeddedPlace } from './fixture.ts';

balancerContract('the embedded proxy', embeddedPlace);
balancerTlsContract('the embedded proxy', embeddedPlace);
