// The river as a table: what both versions answered, moment by moment.
import type { ReleaseView } from '../../../src/api/views.ts';
import { clockText, countText, rateText, weightText } from '../format.ts';
import type { Moment } from './model.ts';
import { inRows } from './rows.ts';

const MOST_ROWS = 24;

export function RiverNumbers({ view, moments }: { view: ReleaseView; moments: readonly Moment[] }) {
  const arms = [
    { name: `v${view.from ?? ''}`, of: 'stable' },
    { name: `v${view.version}`, of: 'candidate' },
  ] as const;
  return (
    <div class="scroll numbers" tabIndex={0} role="region" aria-label="Traffic as a table">
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">Asked weight</th>
            {arms.map(({ name }) => [
              <th key={`${name} requests`} scope="col" class="r">
                {name} req/s
              </th>,
              <th key={`${name} failed`} scope="col" class="r">
                {name} failed
              </th>,
            ])}
          </tr>
        </thead>
        <tbody>
          {inRows(moments, MOST_ROWS)
            .toReversed()
            .map((row) => (
              <tr key={row.at}>
                <th scope="row">{clockText(row.at)}</th>
                <td class="n">{weightText(row.weight)}</td>
                {arms.map(({ name, of }) => [
                  <td key={`${name} requests`} class="n r">
                    {rateText(row[of].requests / row.seconds)}
                  </td>,
                  <td key={`${name} failed`} class={`n r ${row[of].failures > 0 ? 's-bad' : ''}`}>
                    {countText(Math.round(row[of].failures))}
                  </td>,
                ])}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
