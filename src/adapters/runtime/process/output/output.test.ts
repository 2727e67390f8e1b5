// Tests of keeping, rotating, reading and following output, with real writers.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeAll, droppedFrom, openSegments, outputPath, readMarks, timeAt, timesPath } from './files.ts';
import { followOutput } from './follow.ts';
import { outputKeeper } from './keeper.ts';
import { linesOf, tailOf } from './read.ts';

describe('output', () => {
  let folder: string;
  const writers: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'friday-output-'));
  });
  afterEach(() => {
    for (const writer of writers.splice(0)) writer.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const append = (text: string) => appendFileSync(outputPath(folder, 0), text);
  const read = (age: number) => readFileSync(outputPath(folder, age), 'utf8');
  /** A process that appends numbered lines through the file it has open, as instances do. */
  const writer = (script: string) => {
    const file = openSync(outputPath(folder, 0), 'a');
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', file, 'inherit'] });
    closeSync(file);
    writers.push(child);
    return new Promise((resolve) => child.once('exit', resolve));
  };
  const all = async (untilMs = Number.POSITIVE_INFINITY) => {
    const lines: { at: number; text: string }[] = [];
    const segments = openSegments(folder);
    for await (const some of linesOf(segments, untilMs)) lines.push(...some);
    closeAll(segments);
    return lines.reverse();
  };

  const textsOf = (lines: readonly { text: string }[]) => lines.map(({ text }) => text);

  describe('rotation', () => {
    it('keeps the file below its size and three full ones behind it', async () => {
      const keeper = outputKeeper(folder, 100);
      await keeper.turn();
      for (let round = 1; round <= 6; round += 1) {
        append(`${'x'.repeat(99)}${round}\n`);
        await keeper.turn();
      }
      append('last\n');
      await keeper.turn();
      expect([0, 1, 2, 3].map((age) => read(age).at(-2))).toEqual(['t', '6', '5', '4']);
      expect(readdirSync(folder).sort()).toEqual(
        ['', '.1', '.2', '.3'].flatMap((age) => [`output.log${age}`, `output.times${age}`]).sort(),
      );
    });

    it('loses next to nothing of a writer that goes on while the file is emptied under it, and repeats nothing', async () => {
      const keeper = outputKeeper(folder, 5000);
      let isDone = false;
      const done = writer(`let n = 0; const timer = setInterval(() => {
        for (let i = 0; i < 20; i += 1) require('fs').writeSync(1, 'line ' + String(n++).padStart(8, '0') + '\\n');
        if (n >= 4000) clearInterval(timer);
      }, 2)`).then(() => {
        isDone = true;
      });
      const follower = followOutput(() => folder, []);
      const seen: string[] = [];
      while (!isDone) {
        await keeper.turn();
        seen.push(...textsOf(follower.take()));
        await wait(5);
      }
      await done;
      seen.push(...textsOf(follower.take()));
      // What falls between the last read and the emptying is lost: microseconds, more when the machine is busy.
      expect(seen.length).toBeGreaterThan(3800);
      expect(seen).toEqual([...new Set(seen)].sort());
      expect(seen.every((line) => /^line \d{8}$/.test(line))).toBe(true);
      expect(statSync(outputPath(folder, 3)).size).toBeGreaterThan(0);
    });

    it('of a writer faster than the keeper keeps the newest lines, whole, in order, and the disk bounded', async () => {
      const fullBytes = 50_000;
      const keeper = outputKeeper(folder, fullBytes);
      const chunk = `let n = 0; const more = () => {
        let text = ''; for (let i = 0; i < 2000; i += 1) text += 'line ' + String(n++).padStart(9, '0') + '\\n';
        require('fs').writeSync(1, text); setTimeout(more, 1); }; more()`;
      void writer(chunk);
      let [most, dropped] = [0, 0];
      for (let turn = 0; turn < 40; turn += 1) {
        await wait(25);
        await keeper.turn();
        dropped = Math.max(dropped, droppedFrom(folder, 1));
        for (const age of [1, 2, 3]) {
          most = Math.max(most, statSync(outputPath(folder, age), { throwIfNoEntry: false })?.size ?? 0);
        }
      }
      // What is written while a rotation copies comes on top.
      expect(most).toBeLessThan(fullBytes * 100);
      expect(most).toBeGreaterThanOrEqual(fullBytes / 2);
      for (const age of [3, 2, 1]) {
        const lines = read(age).trimEnd().split('\n');
        const numbers = lines.map((line) => Number(line.slice(5)));
        expect(lines.slice(0, -1).every((line) => /^line \d{9}$/.test(line))).toBe(true);
        expect(numbers.every((number, index) => index === 0 || number === (numbers[index - 1] ?? 0) + 1)).toBe(true);
      }
      expect(dropped).toBeGreaterThan(0);
    });

    it('does the work again when it was cut off by a crash', async () => {
      append(`${'a'.repeat(150)}\n`);
      appendFileSync(`${outputPath(folder, 0)}.new`, 'half');
      await outputKeeper(folder, 100).turn();
      expect(read(1)).toBe(`${'a'.repeat(150)}\n`);
      expect(read(0)).toBe('');
    });
  });

  describe('times', () => {
    const stamp = (at: number) => utimesSync(outputPath(folder, 0), at / 1000, at / 1000);
    const time = (age: number, offset: number) => {
      const segments = openSegments(folder);
      const segment = segments.find((one) => one.age === age)!;
      closeAll(segments);
      return timeAt(segment, offset);
    };

    it('tell when each byte was written, over rotations and for a keeper that comes later', async () => {
      const start = 1_700_000_000_000;
      for (const [index, text] of ['one\n', 'two\n', 'three\n'].entries()) {
        append(text);
        stamp(start + index * 60_000);
        await outputKeeper(folder, 12).turn();
      }
      append('four\n');
      stamp(start + 600_000);
      expect([0, 3, 4, 8, 13].map((offset) => (time(1, offset) - start) / 60_000)).toEqual([0, 0, 1, 2, 2]);
      expect(time(0, 0)).toBe(start + 600_000);
      const lines = await all();
      expect(lines.map(({ at, text }) => [text, (at - start) / 60_000])).toEqual([
        ['one', 0],
        ['two', 1],
        ['three', 2],
        ['four', 10],
      ]);
      expect((await all(start + 60_000)).map(({ text }) => text)).toEqual(['one', 'two']);
      expect(await all(start - 1)).toEqual([]);
    });

    it('stay right when the beginning was cut off', async () => {
      const start = 1_700_000_000_000;
      const keeper = outputKeeper(folder, 1_000_000);
      for (let line = 0; line < 30; line += 1) {
        append(`line ${String(line).padStart(4, '0')}\n`);
        stamp(start + line * 1000);
        await keeper.turn();
      }
      await outputKeeper(folder, 100).turn();
      const lines = await all();
      expect(lines.length).toBeLessThan(12);
      expect(lines.every(({ at, text }) => (at - start) / 1000 === Number(text.slice(5)))).toBe(true);
      expect(lines.at(-1)?.text).toBe('line 0029');
    });

    it('are bounded in number and lose precision in the old half only', async () => {
      const keeper = outputKeeper(folder, 1_000_000);
      for (let line = 0; line < 4500; line += 1) {
        append('x\n');
        stamp(1_700_000_000_000 + line * 1000);
        await keeper.turn();
      }
      const marks = readMarks(folder, 0);
      expect(marks.length).toBeLessThan(4001);
      expect(marks.at(-1)).toEqual({ offset: 9000, at: 1_700_000_000_000 + 4499 * 1000 });
      expect(marks.every((mark, index) => index === 0 || mark.offset > (marks[index - 1]?.offset ?? 0))).toBe(true);
    });

    it('begin anew when somebody emptied the file', async () => {
      const keeper = outputKeeper(folder, 1000);
      append('a long first line\n');
      await keeper.turn();
      rmSync(outputPath(folder, 0));
      append('b\n');
      await keeper.turn();
      expect(readMarks(folder, 0).map(({ offset }) => offset)).toEqual([2]);
      rmSync(timesPath(folder, 0));
      expect((await all()).map(({ text }) => text)).toEqual(['b']);
    });
  });

  describe('reading', () => {
    it('gives the lines of the text, whatever they are', async () => {
      const piece = fc.oneof(
        fc.constant('\n'),
        fc.string({ unit: 'grapheme' }),
        fc.nat(70_000).map((length) => 'ü'.repeat(length / 9)),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
          const text = pieces.join('').replaceAll('\r', '');
          rmSync(outputPath(folder, 0), { force: true });
          append(text);
          const expected = text.split('\n').map((line) => Buffer.from(line).subarray(0, 16_384).toString());
          if (expected.at(-1) === '') expected.pop();
          expect(await tailOf(folder, 1000)).toEqual(expected);
        }),
        { numRuns: 60 },
      );
    });

    it('gives the last lines over rotated files, oldest first, and no more than asked for', async () => {
      const keeper = outputKeeper(folder, 20);
      for (let line = 1; line <= 8; line += 1) {
        append(`line ${line} ......\r\n`);
        await keeper.turn();
      }
      append('unfinished');
      expect(await tailOf(folder, 4)).toEqual(['line 6 ......', 'line 7 ......', 'line 8 ......', 'unfinished']);
      expect(await tailOf(folder, 0)).toEqual([]);
      expect((await tailOf(folder, 1000)).length).toBe(7);
      expect(await tailOf(join(folder, 'missing'), 3)).toEqual([]);
    });

    it('cuts very long lines and does not hold them in memory', async () => {
      append(`short\n${'x'.repeat(100_000)}\nend\n`);
      for (let times = 0; times < 50; times += 1) append('y'.repeat(1_000_000));
      const before = process.memoryUsage().arrayBuffers;
      const lines = await tailOf(folder, 10);
      expect(lines.map(({ length }) => length)).toEqual([5, 16_384, 3, 16_384]);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(25_000_000);
    });
  });

  describe('following', () => {
    it('gives each line once it is finished, and the unfinished rest at the end', () => {
      append('before\n');
      const segments = openSegments(folder);
      const follower = followOutput(() => folder, segments);
      closeAll(segments);
      append('a\nb');
      expect(textsOf(follower.take())).toEqual(['a']);
      append('c\n\nd');
      expect(textsOf(follower.take())).toEqual(['bc', '']);
      expect(textsOf(follower.take())).toEqual([]);
      expect(textsOf(follower.rest())).toEqual(['d']);
      expect(textsOf(follower.rest())).toEqual([]);
    });

    it('misses and repeats nothing over any mixture of writing, rotating and taking', async () => {
      const act = fc.oneof(
        fc.constant('take' as const),
        fc.record({ lines: fc.integer({ min: 1, max: 4 }), isOpen: fc.boolean() }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
          for (const name of readdirSync(folder)) rmSync(join(folder, name));
          const keeper = outputKeeper(folder, 40);
          const follower = followOutput(() => folder, []);
          const [written, taken] = [[] as string[], [] as string[]];
          let untaken = 0;
          for (const [step, one] of acts.entries()) {
            // Three rotated files are kept: whoever takes less often than that misses something by design.
            if (one === 'take' || untaken === 3) {
              taken.push(...textsOf(follower.take()));
              untaken = 0;
            }
            if (one === 'take') continue;
            for (let index = 0; index < one.lines; index += 1) {
              written.push(`line ${step}.${index}`);
              append(`${one.isOpen ? '' : 'line '}`);
              append(`${one.isOpen ? 'line ' : ''}${step}.${index}\n`);
            }
            await keeper.turn();
            untaken += 1;
          }
          taken.push(...textsOf(follower.take()), ...textsOf(follower.rest()));
          expect(taken).toEqual(written);
        }),
        { numRuns: 80 },
      );
    });

    it('gives lines a time that is not before the one that whoever reads them later sees', async () => {
      const keeper = outputKeeper(folder, 100_000);
      const follower = followOutput(() => folder, []);
      const followed: { at: number; text: string }[] = [];
      for (let line = 0; line < 60; line += 1) {
        append(`line ${line}\n`);
        await wait(2);
        if (line % 3 === 0) followed.push(...follower.take());
        if (line % 7 === 0) await keeper.turn();
      }
      followed.push(...follower.take());
      await keeper.turn();
      const later = await all();
      expect(textsOf(later)).toEqual(textsOf(followed));
      expect(later.filter(({ at }, index) => at > (followed[index]?.at ?? 0))).toEqual([]);
    });

    it('goes on in the kept part when the beginning of the file was cut off', async () => {
      const follower = followOutput(() => folder, []);
      const numbered = (from: number, to: number) => {
        return Array.from({ length: to - from }, (_, index) => `line ${String(from + index).padStart(4, '0')}`);
      };
      append(`${numbered(0, 25).join('\n')}\n`);
      expect(textsOf(follower.take())).toEqual(numbered(0, 25));
      append(`${numbered(25, 30).join('\n')}\n`);
      await outputKeeper(folder, 100).turn();
      append(`${numbered(30, 31).join('\n')}\n`);
      expect(droppedFrom(folder, 1)).toBeGreaterThan(0);
      expect(textsOf(follower.take())).toEqual(numbered(25, 31));
    });

    it('takes a flood in portions', () => {
      const follower = followOutput(() => folder, []);
      const line = `${'x'.repeat(999)}\n`;
      for (let times = 0; times < 20; times += 1) append(line.repeat(1000));
      const counts = [1, 2, 3, 4].map(() => follower.take().length);
      expect(counts).toEqual([8000, 8000, 4000, 0]);
    });
  });
});
