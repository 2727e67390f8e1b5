// Tables that never wrap: cells are cut, then whole columns are left out, until the table fits.
import { cut, padEnd, padStart, widthOf } from './text.ts';

export type Column = {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Texts may be cut down to so many columns; absent = never cut. */
  readonly least?: number;
  /** Left out when the table is too wide, the highest number first; absent = always shown. */
  readonly leave?: number;
  /** Blanks after it; absent = 2. */
  readonly gap?: number;
};

export type Cell = { readonly text: string; readonly paint?: ((text: string) => string) | undefined };

const GAP = 2;

/** Lines of the table, the titles first unless all are empty. Cell texts hold no escape sequences. */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): string[] {
  const kept = columns.map((_, index) => index);
  const widths = naturalWidths(columns, rows);
  while (totalOf(columns, kept, widths) > width && shrink(columns, kept, widths, width));
  const line = (cells: readonly Cell[]) =>
    kept
      .map((index) => {
        const cell = placed(cells[index] ?? { text: '' }, columns[index]?.align ?? 'left', widths[index] ?? 0);
        return cell + ' '.repeat(gapAfter(columns[index]));
      })
      .join('')
      .trimEnd();
  const titles = columns.map((column): Cell => ({ text: column.title }));
  const hasTitles = columns.some((column) => column.title !== '');
  return [...(hasTitles ? [line(titles)] : []), ...rows.map(line)];
}

type Widths = Record<number, number>;

function naturalWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[]): Widths {
  const widths: Widths = {};
  columns.forEach((column, index) => {
    widths[index] = Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[index]?.text ?? '')));
  });
  return widths;
}

function gapAfter(column: Column | undefined): number {
  return column?.gap ?? GAP;
}

function totalOf(columns: readonly Column[], kept: readonly number[], widths: Widths): number {
  const last = kept.at(-1) ?? 0;
  return kept.reduce((sum, index) => sum + (widths[index] ?? 0) + gapAfter(columns[index]), -gapAfter(columns[last]));
}

/** Cuts the widest column that may be cut, else leaves one out. False when nothing more can be done. */
function shrink(columns: readonly Column[], kept: number[], widths: Widths, width: number): boolean {
  const excess = totalOf(columns, kept, widths) - width;
  const slack = (index: number) => {
    const column = columns[index];
    if (column?.least === undefined) return 0;
    return Math.max(0, (widths[index] ?? 0) - Math.max(column.least, widthOf(column.title)));
  };
  const room = kept.reduce((sum, index) => sum + slack(index), 0);
  const leaving = kept
    .filter((index) => columns[index]?.leave !== undefined)
    .sort((a, b) => (columns[b]?.leave ?? 0) - (columns[a]?.leave ?? 0))[0];
  if (room >= excess || leaving === undefined) {
    const widest = [...kept].sort((a, b) => slack(b) - slack(a))[0];
    if (widest === undefined || slack(widest) === 0) return false;
    widths[widest] = (widths[widest] ?? 0) - Math.min(slack(widest), excess);
    return true;
  }
  kept.splice(kept.indexOf(leaving), 1);
  return true;
}

function placed(cell: Cell, align: Column['align'], width: number): string {
  const text = cut(cell.text, width);
  const painted = cell.paint ? cell.paint(text) : text;
  return align === 'left' ? padEnd(painted, width) : padStart(painted, width);
}
