// What is shown of the differences between a release's version and the one before it.
import { describe, expect, it } from 'vitest';
import { DifferencesView } from '../api/difference-views.ts';
import { startRelease } from '../core/release.ts';
import { serviceWith, specFor, versionFor } from '../core/service.fixture.ts';
import { differencesView } from './differences.ts';

const release = startRelease({
  id: 7,
  version: 2,
  from: 1,
  isDirect: false,
  salt: 's',
  now: 0,
  by: 'ana',
  reason: '',
  spec: specFor(),
});
const debug = specFor({ environment: { LOG_LEVEL: 'debug' } });

describe('the differences of a release', () => {
  it('are those of its version and the one before', () => {
    const view = differencesView(release, serviceWith([versionFor(1), versionFor(2, debug)]));
    expect(view).toMatchObject({ release: 7, from: 1, version: 2, isKnown: true, isSameCode: false });
    expect(view.settings.map((one) => one.words)).toEqual(['environment LOG_LEVEL: not set → debug']);
    expect(DifferencesView.safeParse(view).error).toBeUndefined();
  });

  it('tell that the code is the same', () => {
    const { revision } = versionFor(1);
    const view = differencesView(release, serviceWith([versionFor(1), { ...versionFor(2, debug), revision }]));
    expect(view.isSameCode).toBe(true);
  });

  it('are not known without one of the versions, or without the service', () => {
    for (const service of [serviceWith([versionFor(2)]), undefined]) {
      expect(differencesView(release, service)).toMatchObject({ isKnown: false, isSameCode: false, settings: [] });
    }
  });
});
