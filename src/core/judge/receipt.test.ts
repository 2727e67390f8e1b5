// Tests of the words in which odds and shares are told.
import { describe, expect, it } from 'vitest';
import { oddsText, shareText } from './receipt.ts';

describe('odds', () => {
  it.each([
    [-700, 'less than 1:1'],
    [Math.log(0.999), 'less than 1:1'],
    [0, '1:1'],
    [Math.log(6.29), '6.2:1'],
    [Math.log(9.999), '9.9:1'],
    [Math.log(24.9), '24:1'],
    [Math.log(99.99), '99:1'],
    [-Math.log(0.01), '100:1'],
    [Math.log(1000), '1000:1'],
    [Math.log(1001), 'more than 1000:1'],
    [6.6e7, 'more than 1000:1'],
  ])('of e^%d are %s: rounded down and never huge', (lnE, text) => {
    expect(oddsText(lnE)).toBe(text);
  });
});

describe('a share', () => {
  it.each([
    [0, 0, 'no requests'],
    [0, 1000, '0%'],
    [1, 100_000, 'less than 0.01%'],
    [21, 10_000, '0.21%'],
    [338, 10_000, '3.38%'],
    [2, 100, '2%'],
    [314, 1000, '31.4%'],
    [7, 7, '100%'],
  ])('of %d failures in %d requests is %s', (failures, requests, text) => {
    expect(shareText({ requests, failures })).toBe(text);
  });
});
