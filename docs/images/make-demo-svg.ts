// Makes a picture of a terminal: reads text with colours on stdin (tmux capture-pane -e -p) and writes an SVG to stdout.
// tmux new-session -d -s demo -x 80 -y 34 'npm run -s demo'; press b; then:
// tmux capture-pane -e -p -t demo | node docs/images/make-demo-svg.ts > docs/images/demo.svg
import { readFileSync } from 'node:fs';

/** SGR codes that the command line uses (ECMA-48, 8.3.117) and what they look like on a dark ground. */
const COLOURS: Readonly<Record<string, string>> = {
  '31': '#ff7272',
  '32': '#3fd996',
  '33': '#f0b649',
  '35': '#c9a8ff',
  '36': '#7cc7e8',
};
const PLAIN = '#d8dbe2';
const CELL = { width: 8.4, height: 18 };
const MARGIN = 18;
const ESCAPE = String.fromCharCode(27);
const PIECES = new RegExp(`${ESCAPE}\\[([\\d;]*)m|([^${ESCAPE}]+)`, 'g');

type Style = { readonly colour: string; readonly isBold: boolean; readonly isDim: boolean };
const RESET: Style = { colour: PLAIN, isBold: false, isDim: false };

function styled(style: Style, code: string): Style {
  if (code === '' || code === '0') return RESET;
  if (code === '1') return { ...style, isBold: true };
  if (code === '2') return { ...style, isDim: true };
  if (code === '22') return { ...style, isBold: false, isDim: false };
  if (code === '39') return { ...style, colour: PLAIN };
  return { ...style, colour: COLOURS[code] ?? style.colour };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function lineOf(line: string, row: number): string {
  let style = RESET;
  let column = 0;
  let spans = '';
  for (const [, codes, text] of line.matchAll(PIECES)) {
    if (codes !== undefined) style = codes.split(';').reduce(styled, style);
    if (text === undefined) continue;
    const look = `fill="${style.colour}"${style.isBold ? ' font-weight="700"' : ''}${style.isDim ? ' opacity="0.65"' : ''}`;
    const width = (text.length * CELL.width).toFixed(1);
    const x = (MARGIN + column * CELL.width).toFixed(1);
    if (text.trim() !== '')
      spans += `<tspan x="${x}" textLength="${width}" ${look}>${escaped(text).replaceAll(' ', '\u00a0')}</tspan>`;
    column += text.length;
  }
  return spans === '' ? '' : `<text y="${MARGIN + (row + 0.75) * CELL.height}">${spans}</text>`;
}

const lines = readFileSync(0, 'utf8').trimEnd().split('\n');
const width = 2 * MARGIN + 80 * CELL.width;
const height = 2 * MARGIN + lines.length * CELL.height;
console.log(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve" role="img" aria-label="The demo in a terminal: a broken version was rolled back">`,
);
console.log(`<rect width="${width}" height="${height}" rx="10" fill="#12151b"/>`);
for (const [row, line] of lines.entries()) console.log(lineOf(line, row));
console.log('</svg>');
