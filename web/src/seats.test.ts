// Tabs of one browser never keep more streams open than there are seats, and none is forgotten for good.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Channel, type Claim, FORGOTTEN_MS, SEATS, Seats, seatedOf } from './seats.ts';

/** Tabs that hear each other at once; `shut` ends one without a word. */
function createBrowser() {
  const open = new Map<string, Channel>();
  let now = 1000;
  const openTab = (tab: string): Seats => {
    const channel: Channel = {
      onmessage: null,
      postMessage: (data: unknown) => {
        for (const [other, one] of open)
          if (other !== tab) one.onmessage?.call(one as BroadcastChannel, { data } as MessageEvent);
      },
    };
    open.set(tab, channel);
    return new Seats(tab, channel, () => now);
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { openTab, pass, shut: (tab: string) => open.delete(tab) };
}

const held = (tabs: readonly Seats[], kind = 'live') => tabs.filter((one) => one.has(kind)).length;

describe('seats', () => {
  it('are for the oldest claims, the same whoever counts', () => {
    const claims = fc.uniqueArray(fc.record({ id: fc.string(), since: fc.nat(20) }), { selector: ({ id }) => id });
    fc.assert(
      fc.property(claims, fc.infiniteStream(fc.nat()), (all: readonly Claim[], keys) => {
        const seated = seatedOf(all);
        const mixed = all.map((one) => ({ one, key: keys.next().value ?? 0 })).sort((a, b) => a.key - b.key);
        expect(seatedOf(mixed.map(({ one }) => one))).toEqual(seated);
        expect(seated.size).toBe(Math.min(SEATS, all.length));
        const latest = Math.max(...all.filter(({ id }) => seated.has(id)).map(({ since }) => since));
        for (const { id, since } of all) if (!seated.has(id)) expect(since).toBeGreaterThanOrEqual(latest);
      }),
    );
  });

  it('are four for eight tabs, and a tab that comes later knows of those before it', () => {
    const browser = createBrowser();
    const tabs = Array.from({ length: 8 }, (_, i) => {
      browser.pass(10);
      const tab = browser.openTab(`tab ${i}`);
      tab.claim('live');
      return tab;
    });
    expect(tabs.map((one) => one.has('live'))).toEqual([true, true, true, true, false, false, false, false]);
  });

  it('go to the next when one is left, or its tab is gone without a word', () => {
    const browser = createBrowser();
    const tabs = Array.from({ length: 6 }, (_, i) => {
      browser.pass(10);
      const tab = browser.openTab(`tab ${i}`);
      tab.claim('live');
      return tab;
    });
    tabs[0]?.leave('live');
    expect(tabs[4]?.has('live')).toBe(true);
    expect(tabs[5]?.has('live')).toBe(false);
    browser.shut('tab 1');
    browser.pass(FORGOTTEN_MS + 1);
    for (const tab of [...tabs.slice(2), ...tabs.slice(2)]) tab.beat();
    expect(tabs[5]?.has('live')).toBe(true);
  });

  it('are counted for every stream of a tab', () => {
    const browser = createBrowser();
    const tabs = ['a', 'b', 'c'].map((name) => {
      const tab = browser.openTab(name);
      for (const kind of ['live', 'logs']) {
        browser.pass(10);
        tab.claim(kind);
      }
      return tab;
    });
    expect(held(tabs) + held(tabs, 'logs')).toBe(SEATS);
    expect(tabs[2]?.has('live')).toBe(false);
  });

  it('are there for a tab that can hear no other', () => {
    const alone = new Seats('a', null, () => 0);
    alone.claim('live');
    expect(alone.has('live')).toBe(true);
  });
});
