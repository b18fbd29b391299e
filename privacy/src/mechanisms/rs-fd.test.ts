import { describe, expect, it } from 'vitest';
import vectors from '../../vectors/estimation.json' with { type: 'json' };
import { expFixedPoint } from '../numerics/exponential.ts';
import { questionSampling } from './question-sampling.ts';
import { randomizedResponse } from './randomized-response.ts';

/*
 * RS+FD answers one question with noise and fakes all others, so that nobody sees which one was sampled; for that it
 * claims the epsilon "amplified by sampling", eps' = ln(d (e^eps - 1) + 1), for the one answer. That holds for people who
 * differ in one question, not for people who differ in all: it is not offered, and this is why. (Arcolezi, Couchot, Al
 * Bouna and Xiao, Random sampling plus fake data, CIKM 2021.)
 */

const rows = vectors.rows['verification.rsfd_true_epsilon'];

/** All lists of `length` integers in [0, values). */
const lists = (values: number, length: number): number[][] =>
  Array.from({ length: values ** length }, (_, index) =>
    Array.from({ length }, (_unused, place) => Math.floor(index / values ** place) % values),
  );

/** The largest log ratio of any report's probabilities from two records. */
function worstLogRatio<Report>(
  reports: readonly Report[],
  [one, other]: readonly [readonly number[], readonly number[]],
  probability: (record: readonly number[], report: Report) => number,
): number {
  return Math.max(
    ...reports.map((report) => Math.abs(Math.log(probability(one, report) / probability(other, report)))),
  );
}

/** Pr[part of the report | the answer], and of a fake one, for one question. */
interface Part {
  readonly outputs: number;
  readonly real: (answer: number, output: number) => number;
  readonly fake: (output: number) => number;
}

function responsePart(k: number, epsilon: number): Part {
  const channel = randomizedResponse({ options: k, epsilon });
  return { outputs: k, real: (answer, output) => channel.probability(answer, output), fake: () => 1 / k };
}

/** Optimal unary encoding; a fake is the encoding of nothing. An output's binary digits are the bits sent. */
function unaryPart(k: number, epsilon: number): Part {
  const bits = Array.from({ length: k }, (_, place) => place);
  const lie = 1 / (Math.exp(epsilon) + 1);
  const sent = (answer: number | null) => (output: number) =>
    bits.reduce((product, place) => {
      const chance = place === answer ? 0.5 : lie;
      return product * ((output >> place) % 2 === 1 ? chance : 1 - chance);
    }, 1);
  return { outputs: 2 ** k, real: (answer, output) => sent(answer)(output), fake: sent(null) };
}

describe('a whole record, all of its answers different, as the neighbour', () => {
  it.each(rows)('RS+FD $variant with d=$d, k=$k at "epsilon $claimed_eps" gives away more than it claims', (row) => {
    const amplified = Math.log(row.d * Math.expm1(row.claimed_eps) + 1);
    expect(amplified).toBeCloseTo(row.amplified_eps, 12);
    const part = (row.variant === 'oue-z' ? unaryPart : responsePart)(row.k, amplified);
    const reports = lists(part.outputs, row.d);
    const probability = (record: readonly number[], report: readonly number[]) => {
      let sum = 0;
      for (const sampled of record.keys()) {
        sum += record.reduce(
          (product, answer, j) => product * (j === sampled ? part.real(answer, report[j]!) : part.fake(report[j]!)),
          1 / row.d,
        );
      }
      return sum;
    };
    const record = Array.from({ length: row.d }, () => 0);
    const whole = worstLogRatio(reports, [record, record.map(() => 1)], probability);
    const oneAnswer = worstLogRatio(reports, [record, [1, ...record.slice(1)]], probability);
    expect(whole).toBeCloseTo(row.true_eps_full_tuple, 9);
    expect(oneAnswer).toBeCloseTo(row.true_eps_one_attribute, 9);
    expect(whole).toBeGreaterThan(row.claimed_eps * 1.4);
    expect(oneAnswer).toBeLessThan(row.claimed_eps + 1e-9);
  });

  it.each(rows)('question sampling with d=$d, k=$k at epsilon $claimed_eps keeps its promise, in integers', (row) => {
    const { questionsPerDevice, epsilonPerQuestion } = questionSampling({ questions: row.d, epsilon: row.claimed_eps });
    expect([questionsPerDevice, epsilonPerQuestion]).toEqual([1, row.claimed_eps]);
    const channel = randomizedResponse({ options: row.k, epsilon: epsilonPerQuestion });
    const [lower] = expFixedPoint(row.claimed_eps, 200);
    const records = lists(row.k, row.d);
    let worst = 0;
    // A report says which question was sampled, each with probability 1 / d, and its noised answer.
    for (const question of records[0]!.keys()) {
      for (let output = 0; output < row.k; output += 1) {
        const weights = records.map((record) => channel.weight(record[question]!, output));
        const least = weights.reduce((a, b) => (b < a ? b : a));
        const most = weights.reduce((a, b) => (b > a ? b : a));
        expect(most << 200n <= lower * least).toBe(true);
        worst = Math.max(worst, Math.log(Number(most) / Number(least)));
      }
    }
    expect(worst).toBeCloseTo(row.claimed_eps, 9);
  });

  it('several sampled questions share the epsilon, and still keep the promise for the whole record', () => {
    const epsilon = 6;
    const { questionsPerDevice, epsilonPerQuestion } = questionSampling({ questions: 3, epsilon });
    expect(questionsPerDevice).toBe(2);
    const channel = randomizedResponse({ options: 3, epsilon: epsilonPerQuestion });
    const probability = (record: readonly number[], [skipped, ...said]: readonly number[]) =>
      record
        .filter((_, question) => question !== skipped)
        .reduce((product, answer, index) => product * channel.probability(answer, said[index]!), 1 / 3);
    const worst = worstLogRatio(
      lists(3, 3),
      [
        [0, 0, 0],
        [1, 1, 1],
      ],
      probability,
    );
    expect(worst).toBeLessThanOrEqual(epsilon + 1e-9);
    expect(worst).toBeCloseTo(epsilon, 9);
  });
});
