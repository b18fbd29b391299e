import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifest } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { answerDistribution, groupShares, skipProbability } from '../company.ts';
import { type Employee, employees } from './employee.ts';

const path = join(import.meta.dirname, '../../studies/pulse-demo.json');
const manifest = parseManifest(JSON.parse(readFileSync(path, 'utf8')));
const questions = manifest.survey!.questions;
const count = 60_000;

test('the same seed gives the same people in any order, another seed others', () => {
  const [one, same, other] = [1, 1, 2].map((seed) => employees(manifest, { seed, crowd: 'crowd' }));
  const backwards = [3, 2, 1, 0].map((i) => same!(i)).toReversed();
  expect([0, 1, 2, 3].map((i) => one!(i))).toEqual(backwards);
  expect([0, 1, 2, 3].map((i) => other!(i))).not.toEqual(backwards);
});

/** Binomial counts: z = 6.11 fails falsely once in 1e9, for each of some 400 counts. */
function expectShare(hits: number, { of, share }: { of: number; share: number }): void {
  expect(Math.abs(hits - of * share)).toBeLessThan(6.11 * Math.sqrt(of * share * (1 - share)));
}

test('groups, skips and answers are as frequent as the company says', () => {
  const employee = employees(manifest, { seed: 5, crowd: 'crowd' });
  const people = Array.from({ length: count }, (_, i) => employee(i));
  for (const question of questions) {
    // One in ten too few or too many would show: in salary's, the most skipped, as z = 10.
    const skipped = people.filter(({ answers }) => !(question.id in answers)).length;
    expectShare(skipped, { of: count, share: skipProbability(question) });
  }
  for (const { group, probability } of groupShares(manifest.groups)) {
    const members = people.filter((person) => person.group === group);
    expectShare(members.length, { of: count, share: probability });
    for (const question of questions.filter(({ type }) => type !== 'number')) {
      const given = members.flatMap(({ answers }) => answers[question.id] ?? []);
      for (const { answer, probability: share } of answerDistribution(question, group)) {
        expectShare(given.filter((a) => a === answer).length, { of: given.length, share });
      }
    }
  }
});

type Score = (answers: Employee['answers']) => number | null;

const score =
  (id: string): Score =>
  (answers) =>
    id in answers ? Number(answers[id]) : null;

const wishes =
  (option: string): Score =>
  ({ improve }) =>
    improve === undefined ? null : Number(improve === option);

test('the answers of one person move together as their mood has it, and those without an order do not', () => {
  const employee = employees(manifest, { seed: 6, crowd: 'crowd' });
  const people = Array.from({ length: 15_000 }, (_, i) => employee(i).answers);
  /** Among those who answer both. */
  const correlation = (x: Score, y: Score): number => {
    const both = people.flatMap((answers) => {
      const [one, other] = [x(answers), y(answers)];
      return one === null || other === null ? [] : [[one, other] as const];
    });
    const mean = (of: (one: number, other: number) => number) =>
      both.reduce((sum, [one, other]) => sum + of(one, other), 0) / both.length;
    const [mx, my] = [mean((one) => one), mean((_, other) => other)];
    const spread = Math.sqrt(mean((one) => (one - mx) ** 2) * mean((_, other) => (other - my) ** 2));
    return mean((one, other) => (one - mx) * (other - my)) / spread;
  };
  expect(correlation(score('recommend'), score('feedback'))).toBeGreaterThan(0.4);
  expect(correlation(score('recommend'), score('leaving'))).toBeLessThan(-0.3);
  // Departments differ in both a little, and nothing else connects them.
  expect(Math.abs(correlation(score('feedback'), wishes('goals')))).toBeLessThan(0.1);
});
