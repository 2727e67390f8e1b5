// Answers for the fuzz tests of the fast lane: nearly right, and odd.
import fc from 'fast-check';
import { aHeader, blank, edited, edits, framing, lineEnd, often } from './whatever.ts';

const status = often(
  ['200 OK', '200 OK', '201 Created', '204 No Content', '304 Not Modified', '404 Not Found', '500 Oh No', '299 '],
  [
    '100 Continue',
    '101 Switching Protocols',
    '103 Early Hints',
    '200',
    '20',
    '2000',
    '099 Low',
    '600 High',
    '999 Odd',
    '2e2 x',
    '200  x',
    ' 200 OK',
    '200 \xe4',
    '-20 x',
    '200\tx',
    '0x1 x',
  ],
);
export const anAnswer = fc
  .tuple(
    often(['HTTP/1.1 '], ['HTTP/1.0 ', 'HTTP/2.0 ', 'http/1.1 ', 'HTTP/1.1', 'ICY ', '\r\nHTTP/1.1 '], 40),
    status,
    lineEnd,
    fc.array(aHeader, { maxLength: 5 }),
    framing,
    blank,
    edits,
  )
  .map(([start, line, end, lines, { header, body }, empty, changes]) =>
    edited(`${start}${line}${end}${lines.join('')}${header}${empty}${body}`, changes),
  );

const aSize = fc.oneof(
  { arbitrary: fc.nat(40).map((size) => size.toString(16)), weight: 10 },
  {
    arbitrary: fc.constantFrom(
      '0',
      '00',
      '000',
      'A',
      '0a',
      '0000000',
      '00000000',
      '+4',
      '0x4',
      ' 4',
      '4 ',
      '',
      '4;a',
      '4;a=b',
      '4;a="b"',
      '4;',
      '-1',
      'g',
      'fffffffff',
    ),
    weight: 1,
  },
);
/** Bodies in chunks, some with what is not plain. */
export const chunkedBody = fc
  .tuple(
    fc.array(
      fc.tuple(aSize, lineEnd, fc.nat(20), lineEnd).map(([size, end, lie, last]) => {
        const length = Math.min(Math.abs(Number.parseInt(size, 16)) || 0, 100) + (lie === 0 ? 1 : 0);
        return length === 0 ? '' : `${size}${end}${'d'.repeat(length)}${last}`;
      }),
      { maxLength: 4 },
    ),
    often(
      ['0\r\n\r\n'],
      ['0\r\nx: y\r\n\r\n', '00\r\n\r\n', '0\n\n', '0;a\r\n\r\n', '', '0\r\n', '0\r\n\r', '0\r\n\n'],
      8,
    ),
    edits,
  )
  .map(([chunks, end, changes]) => edited(chunks.join('') + end, changes));
