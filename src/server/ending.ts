// When the last service was asked to stop: the control plane then ends too, once everything is gone.
import type { Control } from '../control/api.ts';

export type Ending = {
  /** The same control plane, watched. */
  readonly control: Control;
  /** Everything was asked to stop, all of it is gone, and no order is at work. */
  isDue(): boolean;
};

export function watchEnding(control: Control & { isEmpty(): boolean }): Ending {
  let isAsked = false;
  let atWork = 0;
  const during = async <T>(order: Promise<T>): Promise<T> => {
    atWork += 1;
    try {
      return await order;
    } finally {
      atWork -= 1;
    }
  };
  const watched: Control = {
    status: () => control.status(),
    service: (name) => control.service(name),
    traffic: (service) => control.traffic(service),
    certificates: () => control.certificates(),
    versions: (service) => control.versions(service),
    releases: (query) => control.releases(query),
    release: (id) => control.release(id),
    changes: (id) => control.changes(id),
    ticks: (id) => control.ticks(id),
    course: (id, query) => control.course(id, query),
    points: (id, afterMs) => control.points(id, afterMs),
    metrics: control.metrics,
    events: (query) => control.events(query),
    onEvents: (listener) => control.onEvents(listener),
    onTurn: (listener) => control.onTurn(listener),
    up: (order) => during(control.up(order)),
    releaseService: (order) => during(control.releaseService(order)),
    compareWithItself: (service, step, order) => during(control.compareWithItself(service, step, order)),
    rollBack: (service, version, order) => during(control.rollBack(service, version, order)),
    promote: (service, target, order) => during(control.promote(service, target, order)),
    pause: (service, order) => during(control.pause(service, order)),
    restart: (service, instance, order) => during(control.restart(service, instance, order)),
    drain: (service, what, order) => during(control.drain(service, what, order)),
    nodes: () => control.nodes(),
    drainNode: (name, order) => during(control.drainNode(name, order)),
    activateNode: (name, order) => during(control.activateNode(name, order)),
    down: async (services, order) => {
      const view = await during(control.down(services, order));
      isAsked = view.isLast;
      return view;
    },
  };
  return { control: watched, isDue: () => isAsked && atWork === 0 && control.isEmpty() };
}
