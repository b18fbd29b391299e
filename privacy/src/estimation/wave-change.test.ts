import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { logGamma } from '../numerics/beta-distribution.ts';
import { longitudinalRandomizedResponse } from '../mechanisms/longitudinal-randomized-response.ts';
import { randomizedResponse } from '../mechanisms/randomized-response.ts';
import { clopperPearson, wilson, type BinomialCount } from './binomial-intervals.ts';
import { estimateShares } from './estimate-shares.ts';
import { holmAdjusted, waveChange, type WaveEstimate } from './wave-change.ts';

const confidence = 0.95;

const proportion =
  (
    successes: number,
    trials: number,
    interval: (count: BinomialCount) => { lower: number; upper: number },
  ): WaveEstimate =>
  (level) => ({ estimate: successes / trials, ...interval({ successes, trials, confidence: level }) });

const shareOf =
  (channel: Parameters<typeof estimateShares>[0]['channel'], counts: readonly number[], letter: number): WaveEstimate =>
  (level) => {
    const respondents = counts.reduce((sum, count) => sum + count, 0);
    const { share, lower, upper } = estimateShares({ channel, counts, respondents, confidence: level }).shares[letter]!;
    return { estimate: share, lower, upper };
  };

function binomial(successes: number, trials: number, chance: number): number {
  if (chance === 0 || chance === 1) return Number(successes === trials * chance);
  const log = logGamma(trials + 1) - logGamma(successes + 1) - logGamma(trials - successes + 1);
  return Math.exp(log + successes * Math.log(chance) + (trials - successes) * Math.log1p(-chance));
}

const spread = (count: number, trials: number) => ((count / trials) * (1 - count / trials)) / trials;
const silent: WaveEstimate = () => ({ estimate: Number.NaN, lower: -Infinity, upper: Infinity });
const open: WaveEstimate = () => ({ estimate: 0.5, lower: -Infinity, upper: Infinity });

describe('waveChange', () => {
  it.each([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [6, 7, 2, 7, 0.0582, 0.8062],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [0, 10, 0, 20, -0.1611, 0.2775],
    [0, 10, 0, 10, -0.2775, 0.2775],
    [10, 10, 0, 20, 0.6791, 1],
    [10, 10, 0, 10, 0.6075, 1],
  ])("has Newcombe's interval for %i / %i less %i / %i", (a, m, b, n, lower, upper) => {
    const change = waveChange({ earlier: proportion(b, n, wilson), later: proportion(a, m, wilson), confidence });
    // Table II of the paper, four places.
    expect([change.lower, change.upper].map((value) => Math.round(value * 1e4) / 1e4)).toEqual([lower, upper]);
    expect(change.change).toBeCloseTo(a / m - b / n, 12);
  });

  it('has a p-value that says at which confidence the interval leaves out 0', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 30 }), (a, b) => {
        const waves = { earlier: proportion(a, 40, wilson), later: proportion(b, 30, wilson) };
        const { pValue, change } = waveChange({ ...waves, confidence });
        expect(waveChange({ earlier: waves.later, later: waves.earlier, confidence }).pValue).toBe(pValue);
        const leavesOut = (level: number) => {
          const { lower, upper } = waveChange({ ...waves, confidence: level });
          return lower > 0 || upper < 0;
        };
        if (pValue < 1) expect(leavesOut(1 - pValue * 1.0001)).toBe(true);
        if (pValue > 1e-11) expect(leavesOut(1 - pValue * 0.999)).toBe(false);
        if (Math.abs(change) < 1e-9) expect(pValue).toBeGreaterThan(0.99);
      }),
      { numRuns: 40 },
    );
    const sure = waveChange({ earlier: proportion(0, 999, wilson), later: proportion(999, 999, wilson), confidence });
    expect(sure.pValue).toBe(1e-12);
  });

  it('covers the change of shares behind few randomized reports, all outcomes enumerated, with valid p-values', () => {
    const channel = randomizedResponse({ options: 2, epsilon: 2 });
    const [m, n] = [12, 17];
    const memo = new Map<string, ReturnType<WaveEstimate>>();
    const wave =
      (count: number, trials: number): WaveEstimate =>
      (level) => {
        const key = `${count} ${trials} ${level}`;
        const known = memo.get(key) ?? shareOf(channel, [count, trials - count], 0)(level);
        memo.set(key, known);
        return known;
      };
    const outcomes = Array.from({ length: (m + 1) * (n + 1) }, (_, index) => {
      const [a, b] = [index % (m + 1), Math.floor(index / (m + 1))];
      const change = waveChange({ earlier: wave(a, m), later: wave(b, n), confidence });
      // What must not be done: normal approximation of the difference.
      const radius = (1.96 * Math.sqrt(spread(a, m) + spread(b, n))) / (channel.p - channel.q);
      return { a, b, ...change, wald: { lower: change.change - radius, upper: change.change + radius } };
    });
    let worstWald = 1;
    for (const before of [0, 0.05, 0.3, 0.5, 0.9, 1]) {
      for (const after of [0, 0.1, 0.5, 0.8, 1]) {
        const chance = (share: number) => channel.q + (channel.p - channel.q) * share;
        const probability = ({ a, b }: { a: number; b: number }) =>
          binomial(a, m, chance(before)) * binomial(b, n, chance(after));
        const sum = (of: (outcome: (typeof outcomes)[number]) => boolean) =>
          outcomes.reduce((total, outcome) => total + (of(outcome) ? probability(outcome) : 0), 0);
        const truth = after - before;
        expect(sum(({ lower, upper }) => lower <= truth && truth <= upper)).toBeGreaterThanOrEqual(confidence);
        worstWald = Math.min(
          worstWald,
          sum(({ wald }) => wald.lower <= truth && truth <= wald.upper),
        );
        if (truth === 0) {
          for (const level of [0.2, 0.05, 0.01])
            expect(sum(({ pValue }) => pValue <= level)).toBeLessThanOrEqual(level);
        }
      }
    }
    expect(worstWald).toBeLessThan(0.9);
  });

  it('covers whatever two waves have to do with each other where the correlation is set to -1', () => {
    // The worst there is: whoever says yes in one wave says no in the other.
    const trials = 60;
    for (const chance of [0.2, 0.5]) {
      const covered = (correlation: number) =>
        Array.from({ length: trials + 1 }, (_, successes) => {
          const waves = {
            earlier: proportion(trials - successes, trials, clopperPearson),
            later: proportion(successes, trials, clopperPearson),
          };
          const { lower, upper } = waveChange({ ...waves, correlation, confidence });
          const truth = 2 * chance - 1;
          return Number(lower <= truth && truth <= upper) * binomial(successes, trials, chance);
        }).reduce((sum, value) => sum + value, 0);
      expect(covered(-1)).toBeGreaterThanOrEqual(confidence);
      expect(covered(0)).toBeLessThan(0.9);
    }
  });

  it('covers waves of the same people with memoized noise, whose errors are alike', () => {
    const mechanism = longitudinalRandomizedResponse({ options: 3, epsilon: 3, firstReportEpsilon: 2.5 });
    const { permanent } = mechanism;
    const random = seededRandom(61);
    const people = 400;
    const repeats = 250;
    const errors: [number, number][] = [];
    const draw = (weights: readonly number[]) => {
      let rest = random.nextUint32() / 2 ** 32;
      return weights.findIndex((weight) => (rest -= weight) < 0);
    };
    let covered = 0;
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const counts: [number[], number[]] = [
        [0, 0, 0],
        [0, 0, 0],
      ];
      const reports = (wave: 0 | 1, letter: number) => (counts[wave][mechanism.report(letter, random)]! += 1);
      for (let person = 0; person < people; person += 1) {
        const answer = draw([0.4, 0.4, 0.2]);
        const letter = permanent.privatize(answer, random);
        reports(0, letter);
        // Up to 15% think anew: of those who do, nobody chooses 0 any more.
        const moved = draw([0.85, 0.15]) === 1;
        reports(1, moved ? permanent.privatize(1, random) : letter);
      }
      const [earlier, later] = [shareOf(mechanism, counts[0], 0), shareOf(mechanism, counts[1], 0)];
      const change = waveChange({ earlier, later, confidence });
      const truth = -0.15 * 0.4;
      covered += Number(change.lower <= truth && truth <= change.upper) / repeats;
      errors.push([earlier(confidence).estimate - 0.4, later(confidence).estimate - 0.34]);
    }
    expect(covered).toBeGreaterThan(confidence - z * Math.sqrt((0.95 * 0.05) / repeats));
    const moment = (i: 0 | 1, j: 0 | 1) => errors.reduce((sum, pair) => sum + pair[i] * pair[j], 0);
    expect(moment(0, 1) / Math.sqrt(moment(0, 0) * moment(1, 1))).toBeGreaterThan(0.3);
  });

  it('says nothing where a wave says nothing', () => {
    const change = waveChange({ earlier: silent, later: proportion(1, 9, wilson), confidence });
    expect(change).toEqual({ change: Number.NaN, lower: -Infinity, upper: Infinity, pValue: 1 });
    for (const correlation of [-1, 0, 1]) {
      const unbounded = waveChange({ earlier: open, later: open, correlation, confidence });
      expect(unbounded).toEqual({ change: 0, lower: -Infinity, upper: Infinity, pValue: 1 });
    }
  });

  it('refuses parameters out of range', () => {
    const waves = { earlier: proportion(1, 9, wilson), later: proportion(1, 9, wilson) };
    expect(() => waveChange({ ...waves, confidence: 1 })).toThrow('confidence must be in (0, 1), got 1');
    expect(() => waveChange({ ...waves, confidence, correlation: 1.1 })).toThrow('correlation must be in [-1, 1]');
  });
});

describe('holmAdjusted', () => {
  it("is Holm's", () => {
    // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    const adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005]);
    for (const [index, value] of [0.03, 0.06, 0.06, 0.02].entries()) expect(adjusted[index]).toBeCloseTo(value, 12);
    expect(holmAdjusted([])).toEqual([]);
    expect(holmAdjusted([0.7, 0.8])).toEqual([1, 1]);
    for (const bad of [-0.1, 1.1, Number.NaN]) expect(() => holmAdjusted([bad])).toThrow('pValues must be in [0, 1]');
  });

  it('rejects what stepping down from the smallest rejects', () => {
    const pValue = fc.double({ min: 0, max: 0.2, noNaN: true });
    fc.assert(
      fc.property(fc.array(pValue, { minLength: 1, maxLength: 8 }), (pValues) => {
        const adjusted = holmAdjusted(pValues);
        const sorted = [...pValues.keys()].sort((a, b) => pValues[a]! - pValues[b]!);
        let rejecting = true;
        for (const [rank, index] of sorted.entries()) {
          rejecting &&= pValues[index]! * (pValues.length - rank) <= 0.05;
          expect(adjusted[index]! <= 0.05).toBe(rejecting);
        }
      }),
    );
  });
});
