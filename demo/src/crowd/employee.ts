import { normalCdf, normalQuantile } from '@chorale/privacy/numerics';
import type { Answer, Manifest } from '@chorale/protocol';
import { answerDistribution, groupShares, moodPull, skipProbability } from '../company.ts';
import { answerRandom, draw } from './answer-random.ts';

/** Somebody who works at the simulated company: where, and what they think. */
export type Employee = { name: string; group: string; answers: Record<string, Answer> };

/**
 * Employees of a study, by number. The same seed gives the same people with the same opinions.
 * @param options.crowd makes the names of this crowd differ from those of another, which answered already
 * @param options.wave of the company's series, from 1: opinions change with it, people and their characters do not
 */
export function employees(
  manifest: Manifest,
  { seed, crowd, wave = 1 }: { seed: number; crowd: string; wave?: number },
): (index: number) => Employee {
  const shares = groupShares(manifest.groups);
  const questions = manifest.survey?.questions ?? [];
  const opinions = new Map(
    shares.map(({ group }) => [
      group,
      questions.map((question) => ({ question, distribution: answerDistribution(question, group, wave) })),
    ]),
  );
  return (index) => {
    const random = answerRandom(seed, index);
    const { group } = draw(shares, random);
    const mood = normal(random);
    const answers: Record<string, Answer> = {};
    for (const { question, distribution } of opinions.get(group)!) {
      const skips = random() < skipProbability(question);
      const pull = moodPull(question);
      // A normal number like any other, so that answers are as frequent as the company says (a Gaussian copula).
      const inclination = normalCdf(pull * mood + Math.sqrt(1 - pull * pull) * normal(random));
      const { answer } = draw(distribution, () => inclination);
      if (!skips) answers[question.id] = answer;
    }
    return { name: `${crowd} ${index}`, group, answers };
  };
}

/** A standard normal number, from one fraction in [0, 1) of 32 bits. */
function normal(random: () => number): number {
  return normalQuantile(random() + 2 ** -33);
}
