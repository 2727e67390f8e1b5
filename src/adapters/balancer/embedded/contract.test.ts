// The embedded proxy meets the contract of every balancer, with its fast lane and without.
import { balancerContract } from '../../../ports/balancer.contract.ts';
import { balancerTlsContract } from '../../../ports/balancer-tls.contract.ts';
import { embeddedPlace } from './fixture.ts';

balancerContract('the embedded proxy', () => embeddedPlace({ fastLane: 1 }));
balancerContract('the embedded proxy without its fast lane', () => embeddedPlace({ fastLane: 0 }));
balancerTlsContract('the embedded proxy', embeddedPlace);
