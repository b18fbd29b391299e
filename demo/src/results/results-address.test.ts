import { expect, test } from 'vitest';
import { readAddress, studyAddress, studyViews, trendAddress } from './results-address.ts';

test('every address leads back to its page', () => {
  for (const id of ['pulse-demo', 'a/b c', 'trend', '100%']) {
    for (const view of studyViews) {
      expect(readAddress(studyAddress(id, view))).toEqual({ page: 'study', study: id, view });
    }
    expect(readAddress(trendAddress(id))).toEqual({ page: 'trend', series: id });
  }
});

test('a slash at the end changes nothing', () => {
  expect(readAddress('/results/')).toEqual({ page: 'list' });
  expect(readAddress('/results/pulse/heatmap/')).toEqual({ page: 'study', study: 'pulse', view: 'heatmap' });
});

test.each(['/results/pulse/colours', '/results/pulse/heatmap/more', '/elsewhere'])('%s is no page', (path) => {
  expect(readAddress(path)).toEqual({ page: 'unknown' });
});

test('a broken percent-encoding is read as it stands', () => {
  expect(readAddress('/results/%E0%A4%A')).toEqual({ page: 'study', study: '%E0%A4%A', view: 'questions' });
});
