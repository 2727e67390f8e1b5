// What the page sees of a release over time, made from its course and from the window of now. Pure.
import type { CourseView, PointView } from '../api/live-views.ts';
import type { Release } from '../core/release.ts';
import { type Course, type Point, pointOfCell } from '../core/ticks/course.ts';
import type { Window } from '../core/window.ts';
import type { ReleaseRecord } from './memory.ts';
import { receiptViewOf } from './views.ts';

export function courseView({ release, evidence }: ReleaseRecord, course: Course): CourseView {
  const params = evidence?.judge?.params;
  return {
    release: release.id,
    stepMs: course.stepSeconds * 1000,
    points: course.points.map(pointView),
    said: course.said.flatMap(({ tick, weight, verdict }) => {
      if (!params) return [];
      return [{ at: tick * 1000, weight, receipt: receiptViewOf(release, verdict, params, null) }];
    }),
  };
}

function pointView({ tick, epoch, weight, stable, candidate }: Point): PointView {
  const arm = (one: Point['stable']) => one && { ...one, latency: [...one.latency] };
  return { at: tick * 1000, epoch, weight, stable: arm(stable), candidate: arm(candidate) };
}

/** Closed seconds of the service of a release after `afterMs`, milliseconds since 1970, oldest first. */
export function pointViews(release: Release, window: Window, afterMs: number): readonly PointView[] {
  const cells = window.cells.filter((cell) => cell.service === release.service && cell.tick * 1000 > afterMs);
  const points = cells.flatMap((cell) => pointOfCell(cell, release.from, release.version) ?? []);
  return points.sort((one, other) => one.tick - other.tick || one.epoch - other.epoch).map(pointView);
}
