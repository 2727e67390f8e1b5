// Services whose internal port somebody else has taken get another one, so that everything is routed again. Pure.
import { eventOf, type NewEvent } from './journal.ts';
import type { Memory } from './turn.ts';

/**
 * Gives these services other internal ports. `running` are the services of which instances run: those know where the
 * others were when they started.
 */
export function moveInternalPorts(
  memory: Memory,
  ports: Readonly<Record<string, number>>,
  running: readonly string[],
  now: number,
): { readonly memory: Memory; readonly events: readonly NewEvent[] } {
  const services = { ...memory.services };
  const events: NewEvent[] = [];
  for (const [name, port] of Object.entries(ports)) {
    const service = services[name];
    if (service === undefined) continue;
    services[name] = { ...service, internalPort: port };
    const others = [...new Set(running)].filter((one) => one !== name).sort();
    const known =
      others.length === 0 ? '' : ` Instances of ${others.join(', ')} that run already look for it at the old one.`;
    const remedy = others.length === 0 ? '' : ` To tell them: friday restart ${others.join('; friday restart ')}.`;
    const sentence = `Port ${service.internalPort} of 127.0.0.1 is taken by another process, so other services find ${name} at port ${port} now.${known}${remedy}`;
    events.push(eventOf(now, 'balancer', service, null, null, sentence, { from: service.internalPort, to: port }));
  }
  return { memory: { ...memory, services }, events };
}
