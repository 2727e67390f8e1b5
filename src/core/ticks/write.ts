// Ticks as text: one JSON object a line, the header first. Pure.
import type { Arm, ArmCount } from '../traffic.ts';
import { FORMAT, type Tick, type TicksHeader } from './tick.ts';

/** The first line, without its end. */
export function headerLine({ release, salt, params, parameters, ticks, missing }: TicksHeader): string {
  const { service, stable, candidate, ...judge } = params;
  const counts = { ...(ticks === null ? {} : { ticks }), missing };
  const hash = parameters === null ? {} : { parameters };
  return JSON.stringify({ format: FORMAT, release, service, stable, candidate, salt, judge, ...hash, ...counts });
}

/**
 * Gives the lines of each next tick: one for each arm, or one that says that nothing was counted. `apart` stands where a
 * reader would otherwise join what are two ticks, or take their order for a mistake: after a restart of the balancer.
 */
export function tickLines(service: string): (tick: Tick) => string[] {
  let before: Tick | null = null;
  return (tick) => {
    const isApart = before !== null && !follows(before, tick);
    before = tick;
    const lines = linesOf(tick, service);
    const [first = {}, ...rest] = lines;
    return [isApart ? { ...first, apart: true } : first, ...rest].map((line) => JSON.stringify(line));
  };
}

/** Whether a tick is the next one by its tick and epoch alone. */
export function follows(before: Tick, next: Pick<Tick, 'tick' | 'epoch'>): boolean {
  return next.tick > before.tick || (next.tick === before.tick && next.epoch > before.epoch);
}

function linesOf({ tick, epoch, weight, stable, candidate }: Tick, service: string): object[] {
  const line = (arm: Arm, count: ArmCount) => {
    const { version, ...counts } = count;
    return { tick, service, version, arm, epoch, weight, ...counts };
  };
  const arms = [stable && line('stable', stable), candidate && line('candidate', candidate)].filter(
    (one) => one !== null,
  );
  return arms.length > 0 ? arms : [{ tick, service, arm: null, epoch, weight }];
}
