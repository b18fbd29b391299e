import {
  type Manifest,
  parseManifest,
  PROTOCOL_VERSION,
  type SeriesSummary,
  type StudySummary,
} from '@chorale/protocol';
import { expect, test } from 'vitest';
import { lossesOf, type StudyBudget } from './budget.ts';
import { comparable, draftWave, likeliest, waveBudgets } from './waves.ts';

function study(id: string, epsilon: number, series?: string): Manifest {
  return parseManifest({
    protocol: PROTOCOL_VERSION,
    id,
    title: id,
    ...(series === undefined ? {} : { series }),
    simulated: false,
    groups: { attribute: 'department', label: 'Department', values: [{ id: 'sales', label: 'Sales' }] },
    publishing: { minimumGroupSize: 5, maximumMargin: 0.5 },
    survey: { epsilon, questions: [{ type: 'yesno', id: 'stay', text: 'Will you stay?', report: 'favourable' }] },
  });
}

const manifests = [study('spring', 1, 'pulse'), study('exit', 4), study('autumn', 2, 'pulse')];
const budgets: StudyBudget[] = manifests.map((manifest) => ({
  manifest,
  summary: { id: manifest.id } as StudySummary,
  ...lossesOf(manifest),
}));
// In the order of publication, which is not that of the list above.
const series = [
  { series: 'pulse', waves: [{ study: 'autumn' }, { study: 'spring' }] },
] as unknown as readonly SeriesSummary[];

test('[B4] each wave has what one employee loses at most who answers it and all before it', () => {
  const waves = waveBudgets(budgets, series);
  expect([...waves]).toEqual([
    ['autumn', { series: 'pulse', number: 1, upToHere: { epsilon: 2, delta: 0 } }],
    ['spring', { series: 'pulse', number: 2, upToHere: { epsilon: 3, delta: 0 } }],
  ]);
  expect(waves.has('exit')).toBe(false);
});

test('[B4] a draft of a series is its next wave, on top of all that were published', () => {
  expect(draftWave(study('winter', 1.5, 'pulse'), { budgets, series })).toEqual({
    series: 'pulse',
    number: 3,
    upToHere: { epsilon: 4.5, delta: 0 },
  });
  expect(draftWave(study('winter', 1.5, 'other'), { budgets, series })).toMatchObject({
    number: 1,
    upToHere: { epsilon: 1.5 },
  });
  expect(draftWave(study('winter', 1.5), { budgets, series })).toBeNull();
});

test('a draft is compared with the wave before it, else with the study of the most alike id', () => {
  const [wave, alone, unlike] = [study('winter', 1, 'pulse'), study('exit-2027', 1), study('once', 1)];
  const ids = (draft: Manifest) => comparable(draft, { manifests, series }).map(({ id }) => id);
  expect(ids(wave)).toEqual(['spring', 'autumn', 'exit']);
  expect(ids(alone)[0]).toBe('exit');
  expect(likeliest(wave, comparable(wave, { manifests, series }))).toBe('spring');
  expect(likeliest(alone, comparable(alone, { manifests, series }))).toBe('exit');
  expect(likeliest(unlike, comparable(unlike, { manifests, series }))).toBeNull();
});
