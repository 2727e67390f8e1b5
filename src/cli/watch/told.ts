// A release told as it goes on, one line per change: for pipes and CI, and as JSON for programs.
import type { ReleaseView } from '../../api/views.ts';
import { formatDuration } from '../../core/time.ts';
import type { Call } from '../call.ts';
import { clockOf } from '../output/moments.ts';
import { paintOf } from '../output/paint.ts';
import { changeLine, changesBetween, evidenceLines, heartbeatLine, type ReleaseChange } from '../screens/lines.ts';
import type { Watcher } from './follow.ts';

const HEARTBEAT_MS = 60_000;
/** A shorter silence is not worth a line. */
const LOST_AFTER_MS = 5000;

/** Tells changes in words on stdout, or as JSON lines with --json. */
export function tellingWatcher(call: Call): Watcher {
  const { terminal, clock } = call;
  const paint = paintOf(terminal.hasColour);
  let before: ReleaseView | null = null;
  let toldAt = clock.now();
  let isLost = false;
  const tell = (line: string) => {
    if (terminal.tellsProgress) terminal.answer(line);
    toldAt = clock.now();
  };
  return {
    show(view) {
      isLost = false;
      for (const change of changesBetween(before, view, clock.now())) {
        terminal.json(changeBody(view, change));
        tell(changeLine(view, change, paint));
      }
      if (view.isOver && terminal.tellsProgress) terminal.answer(evidenceLines(view, paint));
      if (!view.isOver && clock.now() - toldAt >= HEARTBEAT_MS) tell(heartbeatLine(view, clock.now()));
      before = view;
    },
    lost(since) {
      if (isLost || clock.now() - since < LOST_AFTER_MS) return;
      isLost = true;
      const silence = formatDuration(clock.now() - since);
      terminal.say(
        `${clockOf(clock.now())} no news for ${silence}; the release does not need this watch, trying again`,
      );
    },
    close() {},
  };
}

/** One line of the JSON stream. */
function changeBody(view: ReleaseView, change: ReleaseChange): Readonly<Record<string, unknown>> {
  return {
    type: change.isWeight ? 'weight' : 'state',
    at: change.at,
    service: view.service,
    version: view.version,
    release: view.id,
    state: change.state,
    weight: change.weight,
    sentence: change.text,
  };
}
