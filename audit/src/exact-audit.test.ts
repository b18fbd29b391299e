import { describe, expect, it } from 'vitest';
import {
  localHashing,
  loloha,
  longitudinalRandomizedResponse,
  type MemoizedSteps,
  numericMean,
  questionSampling,
  randomizedResponse,
  squareWave,
  subsetSelection,
  unaryEncoding,
} from '@chorale/privacy';
import { privUnit } from '@chorale/privacy/updates';
import { probedLocalHashing, probedPrivUnit, probedUnaryEncoding } from '../testing/probed-channels.ts';
import { expFixedPoint } from '../../privacy/src/numerics/exponential.ts';
import { weightTotal } from '../../privacy/src/mechanisms/channel.ts';
import { auditChannel, type IntegerChannel } from './exact-audit.ts';
import { recordChannel } from './record-channel.ts';

const epsilons = [0.01, 0.5, 1, 2, 4, 8, 20];
const twoTo = (power: number): bigint => 2n ** BigInt(power);

/** Enumerates, and expects no failure and the very epsilon that the mechanism says. */
function expectSound(channel: IntegerChannel, epsilon: number, realizedEpsilon: number): void {
  const audit = auditChannel(channel, { epsilon });
  expect(audit.failures).toEqual([]);
  expect(audit).toMatchObject({ passed: true, epsilonClaimed: epsilon, neighboringRelation: 'replace-one' });
  expect(audit.epsilonExact).toBe(realizedEpsilon);
}

/** One report of an answer, both steps together. */
function bothSteps({ permanent, instantaneous }: MemoizedSteps): IntegerChannel {
  return {
    inputs: permanent.inputs,
    outputs: instantaneous.outputs,
    weightTotal: twoTo(128),
    weight: (input, output) => {
      let sum = 0n;
      for (let letter = 0; letter < permanent.outputs; letter += 1) {
        sum += permanent.weight(input, letter) * instantaneous.weight(letter, output);
      }
      return sum;
    },
  };
}

const table = (rows: readonly (readonly bigint[])[], total = weightTotal): IntegerChannel => ({
  inputs: rows.length,
  outputs: rows[0]!.length,
  weightTotal: total,
  weight: (input, output) => rows[input]![output]!,
});

/** Whole records of questions with so many letters. */
const record = (options: readonly number[], epsilonPerQuestion: number, questionsPerDevice: number) =>
  recordChannel({
    channels: options.map((count) => randomizedResponse({ options: count, epsilon: epsilonPerQuestion })),
    questionsPerDevice,
  });

/** How often to keep one of five letters, for a ratio over 2**128. */
const withBase = (ratio: bigint): bigint => (weightTotal * ratio) / (ratio + (4n << 128n));

describe('every weight of what ships, enumerated', () => {
  it.each(epsilons)('randomized response at epsilon %f', (epsilon) => {
    for (const options of [2, 3, 5, 11, 50, 300]) {
      const channel = randomizedResponse({ options, epsilon });
      expectSound(channel, epsilon, channel.realizedEpsilon);
    }
  });

  it.each(epsilons)('subset selection at epsilon %f', (epsilon) => {
    for (const options of [3, 5, 8]) {
      for (let size = 1; size < options; size += 1) {
        const channel = subsetSelection({ options, epsilon, size });
        expectSound(channel, epsilon, channel.realizedEpsilon);
      }
    }
    const channel = subsetSelection({ options: 12, epsilon });
    expectSound(channel, epsilon, channel.realizedEpsilon);
  });

  it.each(epsilons)('unary encoding, as its coins fall, at epsilon %f', (epsilon) => {
    for (const options of [2, 4]) {
      const mechanism = unaryEncoding({ options, epsilon });
      expectSound(probedUnaryEncoding(mechanism), epsilon, mechanism.realizedEpsilon);
    }
  });

  it.each(epsilons)('local hashing, as its coin falls, at epsilon %f', (epsilon) => {
    for (const [options, hashValues] of [
      [2, undefined],
      [5, 2],
      [5, 4],
      [4, 7],
    ] as const) {
      // Beyond some values the reports are too many to list, and the others show the same.
      const mechanism = localHashing({ options, epsilon, hashValues: hashValues ?? (epsilon < 6 ? undefined : 60) });
      expectSound(probedLocalHashing(mechanism), epsilon, mechanism.realizedEpsilon);
    }
  });

  it.each([1e-3, 0.3, 0.5, 0.7, 1, 2, 4, 8, 20])('means at epsilon %f', (epsilon) => {
    for (const noAnswerEpsilonShare of [0.05, 0.2, 0.45]) {
      const channel = numericMean({ epsilon, noAnswerEpsilonShare });
      expectSound(channel, epsilon, channel.realizedEpsilon);
    }
  });

  it.each(epsilons)('square wave at epsilon %f', (epsilon) => {
    for (const [answers, cells] of [
      [2, 2],
      [5, 9],
      [11, 11],
      [30, 64],
    ] as const) {
      for (const noAnswer of [false, true]) {
        const channel = squareWave({ answers, cells, epsilon, noAnswer });
        // Where a window is narrower than a cell no cell has the full density.
        const audit = auditChannel(channel, { epsilon, waste: epsilon });
        expect(audit.failures).toEqual([]);
        expect(audit.epsilonExact).toBe(channel.realizedEpsilon);
      }
    }
  });

  it.each(epsilons)('both steps of memoized reports at epsilon %f', (epsilon) => {
    const asked = { epsilon, firstReportEpsilon: epsilon / 3 };
    for (const steps of [
      longitudinalRandomizedResponse({ options: 2, ...asked }),
      longitudinalRandomizedResponse({ options: 7, ...asked }),
      loloha({ options: 9, hashValues: 4, ...asked }),
    ]) {
      expectSound(steps.permanent, epsilon, steps.realizedEpsilon);
      expectSound(bothSteps(steps), asked.firstReportEpsilon, steps.realizedFirstReportEpsilon);
    }
  });

  it.each([0.5, 1, 4, 8])('vectors by seed, as the coin falls, at epsilon %f', (epsilon) => {
    for (const variant of ['privunit2', 'privunitG'] as const) {
      const mechanism = privUnit({ dimension: 3, epsilon, clippingNorm: 2, variant, candidates: 16 });
      const vectors = [
        [0, 0, 0],
        [2, 0, 0],
        [-2, 0, 0],
        [0, 1, 1],
        [9, -9, 9],
        [1e-9, 0, 0],
      ];
      expectSound(probedPrivUnit(mechanism, vectors), epsilon, mechanism.realizedEpsilon);
    }
  });
});

describe('the whole record of a person', () => {
  it.each([
    [[3], 1],
    [[2, 3, 2], 1],
    [[2, 3, 2], 6],
    [[3, 2, 3, 2], 5.5],
    [[2, 2, 2], 20],
  ])('with %j letters at epsilon %f loses that and no more, in any two records', (options, epsilon) => {
    const { questionsPerDevice, epsilonPerQuestion } = questionSampling({ questions: options.length, epsilon });
    const channel = record(options, epsilonPerQuestion, questionsPerDevice);
    expect(channel.inputs).toBe(options.reduce((product, count) => product * count));
    const audit = auditChannel(channel, { epsilon });
    expect(audit.failures).toEqual([]);
    expect(audit.epsilonExact).toBeGreaterThan(epsilon - 1e-9);
  });

  it('mixes kinds of questions, and finds what the largest of them lose', () => {
    const channels = [
      numericMean({ epsilon: 0.5 }),
      subsetSelection({ options: 4, epsilon: 0.375, size: 2 }),
      squareWave({ answers: 3, epsilon: 0.25, noAnswer: true }),
    ];
    const two = auditChannel(recordChannel({ channels, questionsPerDevice: 2 }), { epsilon: 0.875 });
    expect(two).toMatchObject({ passed: true, epsilonExact: expect.closeTo(0.875, 12) });
    const all = auditChannel(recordChannel({ channels, questionsPerDevice: 3 }), { epsilon: 1.125, waste: 0.25 });
    expect(all.failures).toEqual([]);
    expect(all.epsilonExact).toBeGreaterThan(0.875);
  });

  it('is not protected by the full epsilon for each of several questions', () => {
    expect(auditChannel(record([2, 3, 2], 6, 2), { epsilon: 6 }).failures).toEqual(['above-claim']);
    expect(auditChannel(record([2, 3, 2], 6, 2), { epsilon: 12 }).failures).toEqual([]);
  });

  it('is not protected where made-up answers hide the question that was drawn', () => {
    // RS+FD: one of d questions by randomized response at ln(d (e^epsilon - 1) + 1), fakes for all others. Epsilon is
    // then claimed because the drawn question is secret; but two records that differ everywhere lose the whole of it.
    const [d, k, epsilon] = [3, 2, 1];
    const local = Math.log(d * Math.expm1(epsilon) + 1);
    const single = randomizedResponse({ options: k, epsilon: local });
    const letter = (number: number, question: number): number => Math.floor(number / k ** question) % k;
    const channel: IntegerChannel = {
      inputs: k ** d,
      outputs: k ** d,
      weightTotal: BigInt(d * k ** (d - 1)) * weightTotal,
      weight: (input, output) =>
        Array.from({ length: d }, (_, question) =>
          single.weight(letter(input, question), letter(output, question)),
        ).reduce((sum, weight) => sum + weight, 0n),
    };
    expect(auditChannel(channel, { epsilon })).toMatchObject({
      failures: ['above-claim'],
      epsilonExact: expect.closeTo(local, 12),
    });
  });

  it('refuses what cannot be enumerated', () => {
    const channels = [randomizedResponse({ options: 2, epsilon: 1 })];
    for (const questionsPerDevice of [0, 2, 1.5])
      expect(() => recordChannel({ channels, questionsPerDevice })).toThrow('questionsPerDevice must be');
    const many = Array.from({ length: 20 }, () => randomizedResponse({ options: 3, epsilon: 1 }));
    expect(() => recordChannel({ channels: many, questionsPerDevice: 1 })).toThrow('at most 2**20 records');
    expect(() => auditChannel(randomizedResponse({ options: 2, epsilon: 1 }), { epsilon: 0 })).toThrow('epsilon must');
    const wide = { ...table([[weightTotal], [weightTotal]]), outputs: 2 ** 24 };
    expect(() => auditChannel(wide, { epsilon: 1 })).toThrow('at most 2**24 weights, got 2 x 16777216');
  });
});

describe('what is wrong on purpose is found, by name', () => {
  const [options, epsilon] = [5, 1];
  const sound = randomizedResponse({ options, epsilon });
  const keep = sound.weight(0, 0);

  /** Randomized response that keeps the truth with another weight, the rest shared out evenly. */
  const response = (truth: bigint): IntegerChannel => {
    // Over (k - 1) 2^64 all weights are integers.
    const others = BigInt(options - 1);
    const rows = Array.from({ length: options }, (_, input) =>
      Array.from({ length: options }, (__, output) => (input === output ? truth * others : weightTotal - truth)),
    );
    return table(rows, weightTotal * others);
  };
  const failures = (channel: IntegerChannel): readonly string[] => auditChannel(channel, { epsilon }).failures;

  it('nothing, in what is right', () => expect(failures(response(keep))).toEqual([]));

  it('a p that is wrong by one per cent, or by a part in 10^9', () => {
    expect(failures(response((keep * 101n) / 100n))).toEqual(['above-claim']);
    expect(failures(response((keep * 99n) / 100n))).toEqual(['below-claim']);
    expect(failures(response(keep + keep / 1_000_000_000n))).toEqual(['above-claim']);
  });

  it('p rounded up instead of down', () => expect(failures(response(keep + 2n))).toEqual(['above-claim']));

  it('p and q swapped', () => expect(failures(response(sound.weight(0, 1)))).toEqual(['below-claim']));

  it('2^epsilon instead of e^epsilon, and log2 instead of ln', () => {
    const natural = expFixedPoint(epsilon / Math.LN2, 128)[0];
    expect(failures(response(withBase(2n << 128n)))).toEqual(['below-claim']);
    expect(failures(response(withBase(natural)))).toEqual(['above-claim']);
  });

  it('a row that is no distribution', () => {
    const rows = [
      [keep, weightTotal - keep],
      [weightTotal - keep, keep + 1n],
    ];
    expect(auditChannel(table(rows), { epsilon: 0.3, waste: 1 }).failures).toContain('row-sum');
  });

  it('an output that some inputs never give', () => {
    const half = weightTotal / 2n;
    const rows = [
      [half, half, 0n],
      [half - 1n, half, 1n],
    ];
    expect(auditChannel(table(rows), { epsilon: 20 })).toMatchObject({
      failures: ['reachability', 'above-claim'],
      epsilonExact: Infinity,
    });
    // One that no input gives tells nothing.
    const unused = rows.map(([a, b, c]) => [a! + c!, b!, 0n]);
    expect(auditChannel(table(unused), { epsilon: 1e-9, waste: 1 }).failures).toEqual([]);
  });

  it('one letter more in a subset than its probabilities were made for', () => {
    // Subsets of three of six letters, with the truth as often as is right for two.
    const two = subsetSelection({ options: 6, epsilon, size: 2 });
    const three = subsetSelection({ options: 6, epsilon, size: 3 });
    const truth = BigInt(Math.round(two.p * 2 ** 52)) << 12n;
    const rows = Array.from({ length: 6 }, (_, input) =>
      Array.from({ length: three.outputs }, (__, output) => {
        const counts = new Float64Array(6);
        three.addSupport(output, counts);
        // C(5, 2) = C(5, 3) = 10 subsets with the truth, and as many without.
        return counts[input] === 1 ? truth : weightTotal - truth;
      }),
    );
    expect(failures(table(rows, weightTotal * 10n))).toEqual(['below-claim']);
  });

  it('a claim of more than can be listed, or a ratio beyond it', () => {
    const rows = [
      [weightTotal - 1n, 1n],
      [1n, weightTotal - 1n],
    ];
    expect(auditChannel(table(rows), { epsilon: 20 })).toMatchObject({ epsilonExact: Infinity, passed: false });
  });
});
