import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifest, type Question } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { answerDistribution, groupShares, trueEstimates } from './company.ts';

const path = join(import.meta.dirname, '../studies/pulse-demo.json');
const manifest = parseManifest(JSON.parse(readFileSync(path, 'utf8')));
const questions = manifest.survey!.questions;
const question = (id: string): Question => questions.find((q) => q.id === id)!;

test('the published study is simulated, says so in its title, and has eight questions and ten departments', () => {
  expect(manifest).toMatchObject({ simulated: true, title: expect.stringContaining('simulated') as string });
  expect(questions).toHaveLength(8);
  expect(manifest.groups.values).toHaveLength(10);
});

test.each(questions.map(({ id }) => id))(
  'true answers to %s have probabilities that sum to 1 in every department',
  (id) => {
    for (const { group } of groupShares(manifest.groups)) {
      const distribution = answerDistribution(question(id), group);
      expect(distribution.every(({ probability }) => probability > 0)).toBe(true);
      expect(distribution.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 12);
    }
  },
);

test('the truth of one group is its distribution, read as the question is reported', () => {
  const support = [{ group: 'support', respondents: 30 }];
  expect(trueEstimates(question('leaving'), support)).toEqual(new Map([['yes', 0.41]]));
  // Binomial(4, .38) at 3 and 4, four fifths of it, and two fifths of the fifth that is anywhere.
  const favourable = 0.8 * (4 * 0.38 ** 3 * 0.62 + 0.38 ** 4) + 0.2 * (2 / 5);
  expect(trueEstimates(question('workload'), support).get('favourable')).toBeCloseTo(favourable, 12);
  expect(trueEstimates(question('improve'), support).get('pay')).toBeCloseTo(0.34, 12);
  const points = answerDistribution(question('wellbeing'), 'support');
  const mean = points.reduce((sum, { answer, probability }) => sum + Number(answer) * probability, 0);
  expect(trueEstimates(question('wellbeing'), support).get('mean')).toBeCloseTo(mean, 12);
});

test('the truth of pooled groups weighs each by its respondents', () => {
  const pooled = trueEstimates(question('leaving'), [
    { group: 'support', respondents: 10 },
    { group: 'people', respondents: 30 },
  ]);
  expect(pooled.get('yes')).toBeCloseTo((10 * 0.41 + 30 * 0.15) / 40, 12);
});

test('departments differ enough for a survey to be worth its noise', () => {
  const enps = manifest.groups.values.map(({ id }) =>
    trueEstimates(question('recommend'), [{ group: id, respondents: 1 }]).get('enps')!,
  );
  expect(Math.max(...enps) - Math.min(...enps)).toBeGreaterThan(30);
});
