// Text, numbers, moments and tables as they appear on a terminal.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { table } from './columns.ts';
import { commands } from './commands.ts';
import { about, agoOf, briefly, momentOf } from './moments.ts';
import { bytes, count, cpu, latency, rate, share, weightOf } from './numbers.ts';
import { isColoured, paintOf } from './paint.ts';
import { Painter } from './painter.ts';
import { cleaned, clip, cut, ends, listed, plural, widthOf, wrap } from './text.ts';

describe('text', () => {
  it('is measured in columns: wide signs take two, marks and colours none', () => {
    expect(['abc', '日本', 'e\u0301', '✓ → █ ◉', paintOf(true).bad('x')].map(widthOf)).toEqual([3, 4, 1, 7, 1]);
  });

  it('is cut with … and never gets wider than asked', () => {
    expect(cut('a-long-name', 7)).toBe('a-long…');
    expect(cut('日本語', 4)).toBe('日…');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, width) => {
        expect(widthOf(cut(cleaned(text), width))).toBeLessThanOrEqual(width);
        expect(widthOf(clip(paintOf(true).good(cleaned(text)), width))).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('is wrapped without losing a letter', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 2, max: 40 }), (text, width) => {
        const lines = wrap(text, width);
        expect(lines.every((line) => widthOf(line) <= width)).toBe(true);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });

  it('of others can neither move the cursor nor colour the terminal', () => {
    expect(cleaned('a\u001b[31mb\u001b]8;;http://x\u0007c\r\n\td\u0008')).toBe('abc d');
  });

  it('stands at both ends of a line, if both fit', () => {
    expect(ends('left', 'right', 12)).toBe('left   right');
    expect(ends('left', 'right', 10)).toBeNull();
  });

  it('counts and lists in words', () => {
    expect([plural(1, 'service'), plural(3, 'service')]).toEqual(['1 service', '3 services']);
    expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });

  it('that is a command loses its words before it is cut', () => {
    const rows = [['friday status api -w', 'watch it']] as const;
    expect(commands(rows, 40)).toEqual(['friday status api -w   watch it']);
    expect(commands(rows, 10)).toEqual(['friday status api -w']);
  });
});

describe('numbers', () => {
  it.each([
    [
      share,
      [null, 0, 0.00004, 0.0021, 0.0338, 0.31, 0.998, 1],
      ['–', '0%', '<0.01%', '0.21%', '3.38%', '31%', '>99%', '100%'],
    ],
    [rate, [null, 0, 0.04, 3.21, 9.96, 412, 12_400], ['–', '0', '<0.1', '3.2', '10', '412', '12 400']],
    [latency, [null, 0.61, 9.96, 84.4, 999.6, 2140, 48_000], ['–', '0.6ms', '10ms', '84ms', '1.0s', '2.1s', '48s']],
    [cpu, [null, 0.184, 2.4], ['–', '18%', '240%']],
    [bytes, [null, 940_000, 61_000_000, 1_240_000_000], ['–', '940kB', '61MB', '1.2GB']],
  ] as const)('%o', (format, values, texts) => {
    expect(values.map((value) => (format as (value: number | null) => string)(value))).toEqual(texts);
  });

  it('of requests come in groups of three, weights with as little as needed', () => {
    expect([count(7), count(1204), count(1_234_567)]).toEqual(['7', '1 204', '1 234 567']);
    expect([weightOf(5), weightOf(0.25), weightOf(24.83)]).toEqual(['5%', '0.25%', '24.8%']);
  });
});

describe('moments', () => {
  const noon = new Date(2026, 10, 20, 12, 0, 0).getTime();

  it('have a date only when it is not today', () => {
    expect(momentOf(noon, noon + 1000)).toBe('12:00:00');
    expect(momentOf(noon, noon + 86_400_000)).toBe('2026-11-20 12:00:00');
  });

  it('are relative while that is shorter', () => {
    const ago = [0, 40_000, 720_000, 3 * 3_600_000, 30 * 3_600_000].map((ms) => agoOf(noon, noon + ms));
    expect(ago).toEqual(['now', '40s ago', '12m ago', '3h ago', '2026-11-20 12:00']);
  });

  it('that lie ahead are never exact', () => {
    expect([500, 40_000, 240_000, 7_500_000].map(about)).toEqual([
      'a moment',
      'about 40s',
      'about 4 min',
      'about 2h05m',
    ]);
    expect([500, 40_000, 240_000, 7_500_000].map(briefly)).toEqual(['1s', '40s', '4m', '2h05m']);
  });
});

describe('tables', () => {
  const columns = [
    { title: 'NAME', align: 'left', least: 6 },
    { title: 'RATE', align: 'right' },
    { title: 'CPU', align: 'right', leave: 1 },
    { title: 'MEM', align: 'right', leave: 2 },
  ] as const;
  const rows = [[{ text: 'a-rather-long-name' }, { text: '412' }, { text: '18%' }, { text: '61MB' }]];

  it('are as wide as they need', () => {
    expect(table(columns, rows, 80)).toEqual([
      'NAME                RATE  CPU   MEM',
      'a-rather-long-name   412  18%  61MB',
    ]);
  });

  it('cut what may be cut, then leave out the least important', () => {
    expect(table(columns, rows, 24)[1]).toBe('a-rath…   412  18%  61MB');
    expect(table(columns, rows, 20)[1]).toBe('a-rather…   412  18%');
    expect(table(columns, rows, 13)[1]).toBe('a-rath…   412');
  });
});

describe('colour', () => {
  it.each([
    ['auto', true, {}, true],
    ['auto', false, {}, false],
    ['auto', true, { NO_COLOR: '1' }, false],
    ['auto', true, { NO_COLOR: '' }, true],
    ['auto', true, { TERM: 'dumb' }, false],
    ['auto', false, { FORCE_COLOR: '1' }, true],
    ['auto', true, { FORCE_COLOR: '0' }, false],
    ['always', false, { NO_COLOR: '1' }, true],
    ['never', true, { FORCE_COLOR: '1' }, false],
  ] as const)('%s, terminal %s, %j: %s', (when, isTerminal, env, expected) => {
    expect(isColoured(when, isTerminal, env)).toBe(expected);
  });
});

describe('the painter', () => {
  const screen = (columns = 20, rows = 10) => {
    const stream = {
      text: '',
      columns,
      rows,
      write: (text: string) => {
        stream.text += text;
      },
    };
    return stream;
  };

  it('goes back up over what it drew, also over lines that wrap since the terminal shrank', () => {
    const stream = screen();
    const painter = new Painter(stream);
    painter.draw(['one', 'x'.repeat(18)]);
    stream.columns = 10;
    stream.text = '';
    painter.draw(['two']);
    expect(stream.text).toContain('\u001b[3A');
    painter.close();
  });

  it('draws no more than fits while it goes on, and everything at the end', () => {
    const stream = screen(20, 4);
    const painter = new Painter(stream);
    painter.draw(['1', '2', '3', '4', '5']);
    expect(stream.text).not.toContain('4');
    painter.finish(['1', '2', '3', '4', '5']);
    expect(stream.text).toContain('5\u001b[K\n');
    expect(stream.text.endsWith('\u001b[?25h')).toBe(true);
  });

  it('gives the cursor back once, and listens no more', () => {
    const before = process.listenerCount('exit');
    const stream = screen();
    const painter = new Painter(stream);
    painter.draw(['x']);
    painter.close();
    painter.close();
    expect(stream.text.split('\u001b[?25h')).toHaveLength(2);
    expect(process.listenerCount('exit')).toBe(before);
  });
});
