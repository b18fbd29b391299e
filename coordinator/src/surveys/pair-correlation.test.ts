import { seededRandom } from '@chorale/privacy/testing';
import { questionChannel } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { questions } from '../../testing/pulse-study.ts';
import { isScored, letterValues, outputScores, type ScoredChannel } from './letter-scores.ts';
import { pairCorrelation } from './pair-correlation.ts';
import type { PairCount } from './pair-tally.ts';

const load = { type: 'scale', id: 'load', text: 'Load?', minimum: 1, maximum: 5, report: 'distribution' } as const;

function scored(id: string, epsilon: number): ScoredChannel {
  const question = id === 'load' ? load : questions.find((q) => q.id === id)!;
  const spec = questionChannel(question, epsilon);
  if (!isScored(spec)) throw new TypeError(`${id} must have an order`);
  return spec;
}

/** Probabilities of true answers: `joint` of those who answer both, of whom a share leaves either empty. */
type People = { first: string; second: string; joint: number[][]; skips: number };

/** By letter of both questions, "no answer" last. */
function truth({ joint, skips }: People): number[][] {
  const stays = 1 - skips;
  const rows = joint.map((row) => [
    ...row.map((cell) => stays * stays * cell),
    stays * skips * row.reduce((sum, cell) => sum + cell, 0),
  ]);
  const columns = joint[0]!.map((_, j) => stays * skips * joint.reduce((sum, row) => sum + row[j]!, 0));
  return [...rows, [...columns, skips * skips]];
}

/** The correlation of the true answers of those who answer both. */
function trueCorrelation([first, second]: readonly ScoredChannel[], { joint }: People): number {
  const cells = joint.flatMap((row, i) =>
    row.map((weight, j) => ({ weight, x: letterValues(first!)[i]!, y: letterValues(second!)[j]! })),
  );
  const mean = (of: (x: number, y: number) => number) =>
    cells.reduce((sum, { weight, x, y }) => sum + weight * of(x, y), 0);
  const [x, y] = [mean((one) => one), mean((_, other) => other)];
  const spread = Math.sqrt((mean((one) => one ** 2) - x * x) * (mean((_, other) => other ** 2) - y * y));
  return (mean((one, other) => one * other) - x * y) / spread;
}

function outputsOf({ channel }: ScoredChannel): number[] {
  return Array.from({ length: channel.outputs }, (_, output) => output);
}

/** Probabilities of both outputs: each answer is randomized by itself. */
function reportsOf([first, second]: readonly ScoredChannel[], people: People): PairCount[] {
  const letters = truth(people).flatMap((row, i) => row.map((weight, j) => ({ weight, i, j })));
  return outputsOf(first!).flatMap((one) =>
    outputsOf(second!).map((other): PairCount => {
      const chance = letters.reduce(
        (sum, { weight, i, j }) =>
          sum + weight * first!.channel.probability(i, one) * second!.channel.probability(j, other),
        0,
      );
      return [one, other, chance];
    }),
  );
}

const populations: Record<string, People> = {
  'eNPS and workload, some of whom skip': {
    first: 'recommend',
    second: 'workload',
    joint: [
      [0.22, 0.08],
      [0.15, 0.15],
      [0.1, 0.3],
    ],
    skips: 0.05,
  },
  'eNPS and staying, which move apart': {
    first: 'recommend',
    second: 'stay',
    joint: [
      [0.02, 0.18],
      [0.1, 0.2],
      [0.42, 0.08],
    ],
    skips: 0.3,
  },
  'two scales alike, seldom low': {
    first: 'load',
    second: 'load',
    joint: [
      [0.04, 0.01, 0, 0, 0],
      [0.01, 0.07, 0.02, 0, 0],
      [0, 0.02, 0.16, 0.03, 0],
      [0, 0, 0.03, 0.33, 0.04],
      [0, 0, 0, 0.04, 0.2],
    ],
    skips: 0.03,
  },
  'answers that few give, and have nothing in common': {
    first: 'stay',
    second: 'workload',
    joint: [
      [0.81, 0.09],
      [0.09, 0.01],
    ],
    skips: 0.05,
  },
  'the same answer to both': {
    first: 'stay',
    second: 'workload',
    joint: [
      [0.3, 0],
      [0, 0.7],
    ],
    skips: 0.02,
  },
};

describe('[E10] scores of a report', () => {
  it.each([0.5, 2.5, 6])('are on average one, the value and its square, or nothing (epsilon %d)', (epsilon) => {
    for (const id of ['stay', 'workload', 'recommend', 'load']) {
      const spec = scored(id, epsilon);
      const values = letterValues(spec);
      for (let letter = 0; letter <= spec.noAnswer; letter += 1) {
        const mean = [0, 0, 0];
        for (let output = 0; output < spec.channel.outputs; output += 1) {
          const chance = spec.channel.probability(letter, output);
          for (const [index, score] of outputScores(spec, output).entries()) mean[index]! += chance * score;
        }
        const value = values[letter];
        const expected = value === undefined ? [0, 0, 0] : [1, value, value * value];
        for (const [index, score] of expected.entries()) expect(mean[index]).toBeCloseTo(score, 9);
      }
    }
  });

  it('are of sets of letters, too', () => {
    const spec = questionChannel({ ...load, maximum: 11 }, 0.5);
    if (!isScored(spec)) throw new TypeError('a scale has an order');
    expect(spec.channel.mechanism).toBe('subset-selection');
    const scores = (letter: number) =>
      Array.from({ length: spec.channel.outputs }, (_, output) => spec.channel.probability(letter, output)).reduce(
        (sum, chance, output) => sum + chance * outputScores(spec, output)[1],
        0,
      );
    for (const [letter, value] of [
      [0, 1],
      [6, 7],
      [11, 0],
    ] as const) {
      expect(scores(letter)).toBeCloseTo(value, 9);
    }
  });

  it('are none of choices and means', () => {
    expect(questions.filter((question) => isScored(questionChannel(question, 3))).map(({ id }) => id)).toEqual([
      'stay',
      'workload',
      'recommend',
    ]);
  });
});

describe.each(Object.entries(populations))('[E10] the correlation of %s', (_, people) => {
  const channels = (epsilon: number) =>
    [scored(people.first, epsilon), scored(people.second, epsilon)] as [ScoredChannel, ScoredChannel];

  it.each([1, 2.5, 5])('is that of the true answers where counts are as expected (epsilon %d)', (epsilon) => {
    const specs = channels(epsilon);
    const counts = reportsOf(specs, people).map(([one, other, chance]): PairCount => [one, other, 1e9 * chance]);
    const { correlation, lower, upper } = pairCorrelation(specs, counts, 0.95);
    const expected = trueCorrelation(specs, people);
    expect(correlation).toBeCloseTo(expected, 9);
    expect(lower).toBeLessThan(expected);
    expect(upper).toBeGreaterThan(expected);
    expect(upper - lower).toBeLessThan(0.01);
  });

  it.each([
    { epsilon: 2.5, respondents: 100 },
    { epsilon: 2.5, respondents: 1000 },
    { epsilon: 4, respondents: 200 },
    { epsilon: 8, respondents: 300 },
  ])('is in its interval (epsilon $epsilon, $respondents respondents)', ({ epsilon, respondents }) => {
    const specs = channels(epsilon);
    const expected = trueCorrelation(specs, people);
    const draw = drawer(reportsOf(specs, people), 7);
    const trials = 5000;
    let misses = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const { lower, upper } = pairCorrelation(specs, draw(respondents), 0.95);
      // As shown: no correlation is beyond 1.
      if (Math.max(-1, lower) > expected + 1e-9 || upper < expected - 1e-9) misses += 1;
    }
    // Sixty misses of a thousand are allowed: 94%. z = 6.11 fails falsely once in 1e9, for each of twenty; an interval of
    // 91% would fail nearly always.
    expect(misses / trials).toBeLessThan(0.06 + 6.11 * Math.sqrt((0.06 * 0.94) / trials));
  });
});

describe('[E10] the interval of a correlation', () => {
  it('misses one time in twenty where there is no rarity, so it is no wider than it must be', () => {
    const people = populations['eNPS and workload, some of whom skip']!;
    const specs = [scored(people.first, 2.5), scored(people.second, 2.5)] as [ScoredChannel, ScoredChannel];
    const expected = trueCorrelation(specs, people);
    const draw = drawer(reportsOf(specs, people), 3);
    const trials = 4000;
    const misses = { interval: 0, noCorrelation: 0 };
    for (let trial = 0; trial < trials; trial += 1) {
      const { lower, upper, pValue } = pairCorrelation(specs, draw(500), 0.95);
      if (lower > expected || upper < expected) misses.interval += 1;
      // The p-value and the interval say the same of 0.
      expect(pValue <= 0.05).toBe(lower > 0 || upper < 0);
    }
    expect(Math.abs(misses.interval / trials - 0.05)).toBeLessThan(6.11 * Math.sqrt((0.05 * 0.95) / trials));
  });

  it('is unbounded where answers may not differ at all, and there is no number where they seem not to', () => {
    const specs = [scored('stay', 2.5), scored('workload', 2.5)] as [ScoredChannel, ScoredChannel];
    expect(pairCorrelation(specs, [[1, 1, 400]], 0.95)).toEqual({
      correlation: Number.NaN,
      lower: -Infinity,
      upper: Infinity,
      pValue: 1,
    });
    const few = reportsOf(specs, {
      first: 'stay',
      second: 'workload',
      joint: [
        [0.001, 0.001],
        [0.001, 0.997],
      ],
      skips: 0,
    }).map(([one, other, chance]): PairCount => [one, other, 300 * chance]);
    expect(pairCorrelation(specs, few, 0.95)).toMatchObject({ lower: -Infinity, upper: Infinity });
  });

  it('is no wider on one scale than on another', () => {
    const people = populations['two scales alike, seldom low']!;
    const counts = reportsOf(scalesFrom(1), people).map(([one, other, chance]): PairCount => [
      one,
      other,
      500 * chance,
    ]);
    const [here, there] = [scalesFrom(1), scalesFrom(101)].map((both) => pairCorrelation(both, counts, 0.95));
    expect(there!.correlation).toBeCloseTo(here!.correlation, 6);
  });
});

/** Two questions with five points each. */
function scalesFrom(minimum: number): [ScoredChannel, ScoredChannel] {
  const spec = questionChannel({ ...load, minimum, maximum: minimum + 4 }, 3);
  if (!isScored(spec)) throw new TypeError('a scale has an order');
  return [spec, spec];
}

/** Draws reports with these probabilities; the same seed draws the same. */
function drawer(outputs: readonly PairCount[], seed: number): (respondents: number) => PairCount[] {
  const random = seededRandom(seed);
  let sum = 0;
  const bounds = outputs.map(([, , chance]) => (sum += chance));
  return (respondents) => {
    const counts = outputs.map(([one, other]): PairCount => [one, other, 0]);
    for (let person = 0; person < respondents; person += 1) {
      const at = (random.nextUint32() / 2 ** 32) * sum;
      counts[bounds.findIndex((bound) => at < bound)]![2] += 1;
    }
    return counts.filter(([, , count]) => count > 0);
  };
}
