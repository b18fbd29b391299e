import { describe, expect, it } from 'vitest';
import { z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import longitudinal from '../../vectors/longitudinal.json' with { type: 'json' };
import { estimateShares } from '../estimation/estimate-shares.ts';
import { expFixedPoint } from '../numerics/exponential.ts';
import { loloha, type Loloha } from './loloha.ts';
import { longitudinalShareVariance } from './longitudinal-randomized-response.ts';
import { memoizationKey, memoizedLetters, memoizedRandom } from './memoization.ts';
import { shareVariance } from './randomized-response.ts';

const rows = longitudinal.rows.longitudinal.filter(({ mechanism }) => mechanism.endsWith('loloha'));

/** Pr[reports | the person's hashes], over 2**(64 (g + waves)): every draw of all permanent letters enumerated. */
function likelihood({ permanent, instantaneous, hashValues }: Loloha, hashes: number[], reports: number[]): bigint {
  let sum = 0n;
  for (let draw = 0; draw < hashValues ** hashValues; draw += 1) {
    const letter = (hash: number) => Math.floor(draw / hashValues ** hash) % hashValues;
    let product = 1n;
    for (let hash = 0; hash < hashValues; hash += 1) product *= permanent.weight(hash, letter(hash));
    for (const [wave, report] of reports.entries()) product *= instantaneous.weight(letter(hashes[wave]!), report);
    sum += product;
  }
  return sum;
}

const sequences = (values: number, length: number): number[][] =>
  Array.from({ length: values ** length }, (_, index) =>
    Array.from({ length }, (_unused, place) => Math.floor(index / values ** place) % values),
  );

/** The number of hashes in the paper, for its own second step. */
function paperHashValues(epsilon: number, first: number): number {
  const [a, b] = [Math.exp(epsilon), Math.exp(first)];
  const root = Math.sqrt(a ** 4 - 14 * a ** 2 + 12 * a * b * (1 - a * b) + 12 * a ** 3 * b + 1);
  return 1 + Math.max(1, Math.round((1 - a ** 2 + root) / (6 * (a - b))));
}

const make = (changed: object) => () => loloha({ options: 4, epsilon: 1, firstReportEpsilon: 0.5, ...changed });

describe('loloha', () => {
  it.each(rows)('$mechanism has the steps and variance of the reference at k=$k, epsilon=$eps_inf', (row) => {
    const mechanism = loloha({
      options: row.k,
      epsilon: row.eps_inf,
      firstReportEpsilon: row.eps_1,
      // The rows of the binary variant ask for two hashes; the others leave the choice to us.
      ...(row.mechanism === 'biloloha' ? { hashValues: 2 } : {}),
    });
    expect(mechanism.hashValues).toBe(row.g);
    const { permanent, instantaneous } = mechanism;
    const mine = [permanent.p, permanent.q, instantaneous.p, instantaneous.q, mechanism.p, mechanism.q];
    const theirs = [row.p1, row.q1, row.p2, row.q2, row.p_single_support!, row.q_single_support!];
    for (const [index, value] of mine.entries()) expect(Math.abs(value / theirs[index]! - 1)).toBeLessThan(1e-12);
    const count = (population: 'fixed' | 'independent') =>
      shareVariance({ channel: mechanism, share: 0.1, respondents: 1000, population }) * 1000 ** 2;
    expect(Math.abs(count('fixed') / row.var_count_fixed_population - 1)).toBeLessThan(1e-12);
    expect(Math.abs(count('independent') / row.var_count_iid - 1)).toBeLessThan(1e-12);
  });

  it('chooses the number of hashes with the least variance for rare letters, more than the paper', () => {
    for (const first of [0.05, 0.2, 0.5, 0.7, 1, 1.3, 2, 3.1, 4, 5]) {
      for (const epsilon of [first * 1.2, first * 2, first + 3]) {
        const variance = (hashValues?: number) =>
          shareVariance({
            channel: loloha({ options: 50, epsilon, firstReportEpsilon: first, hashValues }),
            share: 0,
            respondents: 1,
            population: 'fixed',
          });
        const { hashValues: best } = loloha({ options: 50, epsilon, firstReportEpsilon: first });
        expect(variance(best)).toBe(variance());
        expect(variance(best + 1)).toBeGreaterThanOrEqual(variance(best));
        if (best > 2) expect(variance(best - 1)).toBeGreaterThan(variance(best));
      }
    }
    // At the rows of the reference with a choice, and half the permanent epsilon in every report.
    for (const row of rows.filter(({ g_paper_formula: g }) => g !== undefined)) {
      expect(paperHashValues(row.eps_inf, row.eps_1)).toBe(row.g_paper_formula);
    }
    for (const epsilon of [1, 2, 3, 4, 5]) {
      const { hashValues } = loloha({ options: 50, epsilon, firstReportEpsilon: epsilon / 2 });
      expect(hashValues).toBeGreaterThan(paperHashValues(epsilon, epsilon / 2));
    }
  });

  it('[g epsilon] promises no more than one epsilon a hash, whatever the answers were, and comes close to it', () => {
    const mechanism = loloha({ options: 8, epsilon: 0.7, firstReportEpsilon: 0.4, hashValues: 2 });
    const [lower] = expFixedPoint(mechanism.realizedTotalEpsilon, 300);
    expect(mechanism.realizedTotalEpsilon).toBeCloseTo(1.4, 12);
    const waves = 6;
    // Two people whose answers change at the same times, to and fro, but are always the opposite.
    let largest = 0;
    for (const hashes of sequences(2, waves)) {
      const opposite = hashes.map((hash) => 1 - hash);
      for (const reports of sequences(2, waves)) {
        const [one, other] = [likelihood(mechanism, hashes, reports), likelihood(mechanism, opposite, reports)];
        expect(one << 300n <= lower * other).toBe(true);
        largest = Math.max(largest, Number((one << 64n) / other) / 2 ** 64);
      }
    }
    expect(Math.log(largest)).toBeGreaterThan(mechanism.realizedEpsilon * 1.2);

    // What is not promised: that an answer changed. Somebody who changed and somebody who did not are told apart
    // with ever more reports.
    const alternating = [0, 1, 0, 1, 0, 1];
    const strong = loloha({ options: 8, epsilon: 1, firstReportEpsilon: 0.9, hashValues: 2 });
    const changed = likelihood(strong, alternating, alternating);
    const steady = likelihood(strong, [0, 0, 0, 0, 0, 0], alternating);
    expect(Math.log(Number(changed) / Number(steady))).toBeGreaterThan(strong.realizedTotalEpsilon);
  });

  it('never counts more hashes than there are answers', () => {
    const mechanism = loloha({ options: 3, epsilon: 4, firstReportEpsilon: 2 });
    expect(mechanism.hashValues).toBeGreaterThan(3);
    expect(mechanism.realizedTotalEpsilon / mechanism.realizedEpsilon).toBeCloseTo(3, 12);
    expect(mechanism.realizedTotalEpsilon).toBeGreaterThanOrEqual(3 * mechanism.realizedEpsilon);
  });

  it('estimates the shares of people who change their answers, with the variance it says', () => {
    const random = seededRandom(21);
    const options = 6;
    const mechanism = loloha({ options, epsilon: 3, firstReportEpsilon: 1.5 });
    const people = 30_000;
    const waves = 2;
    const support = Array.from({ length: waves }, () => new Float64Array(options));
    for (let person = 0; person < people; person += 1) {
      const seed = mechanism.drawSeed(random);
      const letters = Array.from({ length: mechanism.hashValues }, (_, hash) =>
        mechanism.permanent.privatize(hash, random),
      );
      for (let wave = 0; wave < waves; wave += 1) {
        // Half of the people say 0; the others move from 1 to 2.
        const answer = person % 2 === 0 ? 0 : 1 + wave;
        const value = mechanism.report(letters[mechanism.hash(seed, answer)]!, random);
        mechanism.addSupport({ seed, value }, support[wave]!);
      }
    }
    for (let wave = 0; wave < waves; wave += 1) {
      const { shares } = estimateShares({
        channel: mechanism,
        counts: support[wave]!,
        respondents: people,
        confidence: 1 - 1e-9,
      });
      for (let letter = 0; letter < options; letter += 1) {
        const share = letter === 0 || letter === 1 + wave ? 0.5 : 0;
        const estimate = (support[wave]![letter]! / people - mechanism.q) / (mechanism.p - mechanism.q);
        const variance = shareVariance({ channel: mechanism, share, respondents: people, population: 'fixed' });
        expect(Math.abs(estimate - share)).toBeLessThan(z * Math.sqrt(variance));
        expect(shares[letter]!.share).toBeCloseTo(estimate, 12);
        expect(shares[letter]!.lower).toBeLessThan(share);
        expect(shares[letter]!.upper).toBeGreaterThan(share);
        // Power: the first step's probabilities, as if there were no second one.
        const wrong = (support[wave]![letter]! / people - mechanism.q) / (mechanism.permanent.p - mechanism.q);
        if (share > 0) expect(Math.abs(wrong - share)).toBeGreaterThan(z * Math.sqrt(variance));
      }
    }
  });

  it('is a chain of two supports, so that the mean over waves has the variance of such a chain', () => {
    const random = seededRandom(22);
    const mechanism = loloha({ options: 4, epsilon: 2, firstReportEpsilon: 1 });
    const { permanent, instantaneous, p, q } = mechanism;
    const reports = 5;
    const people = 20_000;
    const means: number[] = [];
    for (let person = 0; person < people; person += 1) {
      const seed = mechanism.drawSeed(random);
      const letter = permanent.privatize(mechanism.hash(seed, 3), random);
      const counts = new Float64Array(4);
      for (let wave = 0; wave < reports; wave += 1) {
        mechanism.addSupport({ seed, value: mechanism.report(letter, random) }, counts);
      }
      // Somebody else's letter: its hash is drawn once, too, and its support stays with it.
      means.push((counts[1]! / reports - q) / (p - q));
    }
    const mean = means.reduce((sum, value) => sum + value / people, 0);
    const variance = means.reduce((sum, value) => sum + (value - mean) ** 2 / people, 0);
    const kurtosis = means.reduce((sum, value) => sum + (value - mean) ** 4 / people, 0) / variance ** 2;
    const promised = longitudinalShareVariance({
      permanent: { p: permanent.p, q },
      instantaneous,
      share: 0,
      respondents: 1,
      reports,
      population: 'fixed',
    });
    const tolerance = z * Math.sqrt((kurtosis - 1) / people);
    expect(Math.abs(mean)).toBeLessThan(z * Math.sqrt(promised / people));
    expect(Math.abs(variance / promised - 1)).toBeLessThan(tolerance);
    // Power: randomized response's own chance of a lie in place of 1 / g.
    const wrong = longitudinalShareVariance({
      permanent,
      instantaneous,
      share: 0,
      respondents: 1,
      reports,
      population: 'fixed',
    });
    expect(Math.abs(variance / wrong - 1)).toBeGreaterThan(tolerance);
  });

  it('hashes as its reports are counted, and does the same work for every answer', () => {
    const random = seededRandom(23);
    const options = 13;
    const mechanism = loloha({ options, epsilon: 2, firstReportEpsilon: 1 });
    for (let time = 0; time < 50; time += 1) {
      const seed = mechanism.drawSeed(random);
      for (let value = 0; value < mechanism.hashValues; value += 1) {
        const counts = new Float64Array(options);
        mechanism.addSupport({ seed, value }, counts);
        const expected = Array.from({ length: options }, (_, answer) => Number(mechanism.hash(seed, answer) === value));
        expect([...counts]).toEqual(expected);
      }
    }
    const seed = mechanism.drawSeed(random);
    for (let letter = 0; letter < mechanism.hashValues; letter += 1) {
      const before = random.wordsDrawn;
      mechanism.report(letter, random);
      expect(random.wordsDrawn - before).toBe(2);
    }
    expect(() => mechanism.hash(seed, 13)).toThrow('answer must be an integer in [0, 12], got 13');
    expect(() => mechanism.hash(seed.slice(1), 0)).toThrow('seed must hold 4 numbers, got 3');
    expect(() => mechanism.hash([0, 1, 2, 99], 0)).toThrow('seed must be an integer');
  });

  it('memoizes: the same answer meets the same seed and letter, and answers of one hash share it', async () => {
    const mechanism = loloha({ options: 20, epsilon: 2, firstReportEpsilon: 1 });
    const key = await memoizationKey();
    const labels = { version: '1', question: 'q' };
    const seed = mechanism.drawSeed(await memoizedRandom(key, { ...labels, value: 'seed' }));
    expect(mechanism.drawSeed(await memoizedRandom(key, { ...labels, value: 'seed' }))).toEqual(seed);
    const letters = await memoizedLetters(mechanism.permanent, key, labels);
    expect(letters).toHaveLength(mechanism.hashValues);
    expect(mechanism.report(letters[mechanism.hash(seed, 19)]!)).toBeLessThan(mechanism.hashValues);
  });

  it('refuses parameters out of range', () => {
    for (const hashValues of [1, 1025, 2.5]) expect(make({ hashValues })).toThrow(RangeError);
    for (const options of [1, 1025]) expect(make({ options })).toThrow('options must be');
    for (const epsilon of [0, 21, Number.NaN]) expect(make({ epsilon })).toThrow('epsilon must be');
    for (const firstReportEpsilon of [0, 1, Number.NaN, Infinity]) {
      expect(make({ firstReportEpsilon })).toThrow('firstReportEpsilon must be');
    }
    expect(loloha({ options: 4, epsilon: 20, firstReportEpsilon: 19 }).hashValues).toBe(1024);
  });
});
