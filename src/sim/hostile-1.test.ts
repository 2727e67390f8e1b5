// The first half of the hostile worlds.
import { hostileWorlds } from './hostile.fixture.ts';

hostileWorlds(0, 2);
