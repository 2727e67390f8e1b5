// Numbers and spans in the words of people.
import { describe, expect, it } from 'vitest';
import {
  aboutText,
  agentText,
  bytesText,
  countText,
  latencyText,
  percent,
  rateText,
  spanText,
  utcText,
  weightText,
  wordsOf,
} from './format.ts';

describe('what people read', () => {
  it('has no more digits than it needs', () => {
    expect([percent(0), percent(0.0021), percent(0.0338), percent(0.253), percent(0.00001)]).toEqual([
      '0%',
      '0.21%',
      '3.38%',
      '25.3%',
      '<0.01%',
    ]);
    expect([weightText(2.5), weightText(25.4), weightText(100)]).toEqual(['2.5%', '25%', '100%']);
    expect([rateText(0.42), rateText(41.6), rateText(1204.4)].map((text) => text.replace('\u202f', ' '))).toEqual([
      '0.4',
      '42',
      '1 204',
    ]);
  });

  it('says nothing where nothing is known', () => {
    expect([percent(null), latencyText(null), rateText(null), bytesText(null)]).toEqual(['–', '–', '–', '–']);
  });

  it('has the unit that fits', () => {
    const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ');
    expect([0.25, 4.31, 84.2, 1980, 12_345].map((ms) => plain(latencyText(ms)))).toEqual([
      '0.25 ms',
      '4.3 ms',
      '84 ms',
      '1.98 s',
      '12.3 s',
    ]);
    expect([0, 9_000, 252_000, 7_500_000].map((ms) => plain(spanText(ms)))).toEqual([
      '0 s',
      '9 s',
      '4 min 12 s',
      '2 h 5 min',
    ]);
    expect(plain(aboutText(240_000))).toBe('about 4 min');
    expect(countText(1_234_567).split('\u202f')).toEqual(['1', '234', '567']);
    expect(utcText(0)).toBe('1970-01-01 00:00:00 UTC');
  });

  it('names browsers and orders as people do', () => {
    const chrome =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36';
    const iphone =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Safari/604.1';
    expect([chrome, `${chrome} Edg/148.0`, iphone, 'curl/8.1', ''].map(agentText)).toEqual([
      'Chrome on Linux',
      'Edge on Linux',
      'Safari on iOS',
      'curl',
      'not said',
    ]);
    expect(agentText('x'.repeat(99))).toBe(`${'x'.repeat(40)}…`);
    expect(wordsOf('createLink')).toBe('create link');
  });
});
