// What stands in for a page that is not there (yet): loading, not found, not reachable.
import type { Problem } from '../api.ts';

export function Lost({ problem, what }: { problem: Problem | null; what: string }) {
  if (problem === null) {
    return (
      <main aria-busy="true">
        <p class="empty loading">Loading {what} …</p>
      </main>
    );
  }
  return (
    <main>
      <h1>{problem.status === 404 ? 'Not here' : 'That did not work'}</h1>
      <p class="verdict">{problem.message}</p>
      {problem.hint && <p class="mute">{problem.hint}</p>}
      <p>
        <a href="/">To the overview</a>
      </p>
    </main>
  );
}
