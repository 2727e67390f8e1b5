// Ports that break: any call may end the control plane, fail, be carried out twice, take long, or lose its answer.
import { Failure } from '../core/failure.ts';

/** The control plane is gone, as after kill -9. Nobody in it may catch this. */
export class Crash extends Error {
  constructor(call: Call, when: string) {
    super(`The control plane was killed ${when} ${call.port}.${call.method}, call ${call.number}.`);
    this.name = 'Crash';
  }
}

/** One call of a port; `number` counts all calls of all ports from 1. */
export type Call = { readonly port: string; readonly method: string; readonly number: number };

/**
 * What becomes of a call. `before` and `after` its effect: the control plane is killed. `unavailable`: it fails without
 * effect. `unanswered`: it fails although it had its effect. A number: it takes so many seconds.
 */
export type Fate = 'well' | 'before' | 'after' | 'unavailable' | 'unanswered' | 'twice' | number;

/** One life of a control plane, as its ports see it. */
export type Life = {
  readonly fateOf: (call: Call) => Fate;
  /** Lets seconds go by. */
  readonly pass: (seconds: number) => void;
  /** Called after each call that was answered. */
  readonly answered: (call: Call) => void;
  /** The number of the next call. */
  readonly count: () => number;
  isDead: boolean;
};

type Method = (...given: unknown[]) => unknown;

/** The same port, broken as `life` says. Once the life is over, every further call is killed too. */
export function breakable<Port extends object>(port: Port, name: string, life: Life): Port {
  const methods = new Map<PropertyKey, Method>();
  const kill = (call: Call, when: string): never => {
    life.isDead = true;
    throw new Crash(call, when);
  };
  const wrap = (key: string, method: Method) => {
    return async (...given: unknown[]) => {
      const call: Call = { port: name, method: key, number: life.count() };
      if (life.isDead) return kill(call, 'long before');
      const fate = life.fateOf(call);
      if (fate === 'before') return kill(call, 'before');
      if (fate === 'unavailable') throw new Failure('unavailable', `${name}.${key} is unavailable in this world.`);
      if (typeof fate === 'number') life.pass(fate);
      const result = await method.apply(port, given);
      if (fate === 'twice') await method.apply(port, given);
      if (fate === 'after') return kill(call, 'after');
      if (fate === 'unanswered') throw new Failure('unavailable', `The answer of ${name}.${key} was lost.`);
      life.answered(call);
      return result;
    };
  };
  return new Proxy(port, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const known = methods.get(key) ?? wrap(String(key), value as Method);
      methods.set(key, known);
      return known;
    },
  });
}
