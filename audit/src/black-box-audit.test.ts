import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '@chorale/privacy/testing';
import {
  discreteGaussian,
  discreteLaplace,
  gaussianNoiseMultiplier,
  randomizedResponse,
  type RandomSource,
  tableChannel,
} from '@chorale/privacy';
import vectors from '../../privacy/vectors/audit.json' with { type: 'json' };
import { z } from '../../privacy/testing/chi-square.ts';
import { weightTotal } from '../../privacy/src/mechanisms/channel.ts';
import { auditTrials } from './audit-power.ts';
import { auditedMechanism, auditedNames, auditTakesOptions } from './audited-mechanisms.ts';
import { auditMechanism, type BlackBoxAudit } from './black-box-audit.ts';
import { epsilonLowerBound } from './epsilon-lower-bound.ts';

const letters = (count: number): number[] => [...Array(count).keys()];

/** A mechanism's full name. */
const fullName = (name: string): string => auditedMechanism({ name, options: 4, epsilon: 0.5 }).mechanism;

const meanNamed = (name: string, epsilon: number) => () => auditedMechanism({ name, epsilon }).mechanism;

/** Randomized response of the exact p, for letters or more; refused by nothing. */
const response = (options: number, p: number) => {
  const keep = BigInt(Math.round(p * 2 ** 53)) << 11n;
  const rows = letters(options).map((input) => {
    const row = letters(options).map(() => (weightTotal - keep) / BigInt(options - 1));
    row[input] = weightTotal - row[0]! * BigInt(options - 1);
    return row;
  });
  const channel = tableChannel({ mechanism: 'mutated', epsilon: 20, rows });
  return (input: number, random: RandomSource) => channel.privatize(input, random);
};

/** How often to keep one of so many letters, for this ratio to any other. */
const keepOf = (ratio: number, options: number): number => ratio / (ratio + options - 1);

/** An integer with Laplace noise. */
const noised = (sensitivity: number, epsilon: number) => (value: number, random: RandomSource) =>
  value + discreteLaplace({ scale: sensitivity / epsilon }, random);

/** Answers to yes/no questions, each noised by itself. */
const record = (epsilonPerQuestion: number) => {
  const channel = randomizedResponse({ options: 2, epsilon: epsilonPerQuestion });
  return (answers: string, random: RandomSource) =>
    [...answers].map((answer) => channel.privatize(Number(answer), random)).join('');
};

describe('the lower bound of an event', () => {
  it.each(vectors.rows.audit_clopper_pearson_lower_bound)('$tp of $n_in, $fp of $n_out', (row) => {
    const counts = { hits: row.tp, trials: row.n_in, falseHits: row.fp, falseTrials: row.n_out };
    const bound = epsilonLowerBound({ ...counts, delta: row.delta, confidence: row.confidence });
    expect(Math.abs(bound / row.eps_lower - 1)).toBeLessThan(1e-9);
  });

  it('exceeds epsilon no more often than its confidence allows, for any event of any mechanism', () => {
    const random = seededRandom(1);
    const [trials, audits, confidence] = [2_000, 1_000, 0.9];
    for (const [p, q, delta] of [
      [0.5, 0.1, 0],
      [0.05, 0.01, 0],
      [0.95, 0.4, 0],
      [0.3, 0.1, 0.05],
    ] as const) {
      // The loss of a mechanism with these two output probabilities.
      const epsilon = Math.log(Math.max((p - delta) / q, (1 - q - delta) / (1 - p)));
      const count = (probability: number): number => {
        let hits = 0;
        for (let trial = 0; trial < trials; trial += 1) hits += Number(random.nextUint32() < probability * 2 ** 32);
        return hits;
      };
      let exceeded = 0;
      let inflated = 0;
      for (let audit = 0; audit < audits; audit += 1) {
        const counts = { hits: count(p), trials, falseHits: count(q), falseTrials: trials };
        const bound = epsilonLowerBound({ ...counts, delta, confidence });
        exceeded += Number(bound > epsilon);
        inflated += Number(1.4 * bound > epsilon);
      }
      const allowed = audits * (1 - confidence);
      const limit = allowed + z * Math.sqrt(allowed * confidence);
      expect(exceeded).toBeLessThan(limit);
      // Power: a bound that is larger by two fifths fails the same test.
      expect(inflated).toBeGreaterThan(limit);
    }
  });

  it('is never negative, and is nothing where counts are equal or the wrong way round', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.constantFrom(0, 0.01, 0.5), (hits, falseHits, delta) => {
        const bound = epsilonLowerBound({ hits, trials: 50, falseHits, falseTrials: 50, delta, confidence: 0.95 });
        return bound >= 0 && (hits > falseHits || bound === 0);
      }),
    );
    const counts = { hits: 1, trials: 2, falseHits: 1, falseTrials: 2, confidence: 0.95 };
    expect(() => epsilonLowerBound({ ...counts, delta: 1 })).toThrow('delta must be in [0, 1), got 1');
    expect(() => epsilonLowerBound({ ...counts, confidence: 1 })).toThrow('confidence must be');
  });
});

describe('how many draws an audit takes', () => {
  it.each(vectors.rows.audit_power_binary_rr)('$fraction of epsilon $eps', (row) => {
    const p = Math.exp(row.eps) / (1 + Math.exp(row.eps));
    const trials = auditTrials({ p, q: 1 - p, target: row.fraction * row.eps, confidence: 0.95 });
    // The reference looks at whole parts of 100, 125, 156.25 and so on, and takes the first that is enough.
    let grid = 100;
    while (Math.floor(grid) < trials) grid *= 1.25;
    expect(Math.floor(grid)).toBe(row.samples_per_side);
  });

  it('makes a failure as rare as was asked for', () => {
    const [p, q, target, confidence, failure] = [0.6, 0.2, 0.9, 0.99, 0.2];
    const trials = auditTrials({ p, q, target, confidence }, failure);
    const random = seededRandom(2);
    const count = (probability: number): number => {
      let hits = 0;
      for (let trial = 0; trial < trials; trial += 1) hits += Number(random.nextUint32() < probability * 2 ** 32);
      return hits;
    };
    const audits = 1_000;
    let failed = 0;
    for (let audit = 0; audit < audits; audit += 1) {
      const counts = { hits: count(p), trials, falseHits: count(q), falseTrials: trials };
      failed += Number(epsilonLowerBound({ ...counts, confidence }) < target);
    }
    expect(failed).toBeLessThan(audits * failure + z * Math.sqrt(audits * failure * (1 - failure)));
    // Fewer draws would have failed more often: what both counts do at their worst is not ten times what they need.
    expect(trials).toBeLessThan(3 * auditTrials({ p, q, target, confidence }));
  });

  it('is refused where no number is enough', () => {
    const goal = { p: 0.5, q: 0.25, confidence: 0.95 };
    expect(() => auditTrials({ ...goal, target: Math.LN2 })).toThrow('target must be in (0, ln(p / q))');
    expect(() => auditTrials({ ...goal, q: 0.5, target: 0.1 })).toThrow('must have 0 < q < p < 1');
    expect(auditTrials({ ...goal, target: Math.LN2 * (1 - 1e-9) })).toBe(Infinity);
  });
});

/*
 * Each audit below would fail falsely with a probability of 2e-6 at most, over all random streams; the streams are
 * fixed, so that what passes once passes always.
 */
describe('every mechanism that ships, from its reports alone', () => {
  it.each([
    ['randomized-response', 2, 0.5],
    ['grr', 5, 1],
    ['subset-selection', 7, 0.7],
    ['ss', 5, 4],
    ['oue', 4, 2],
    ['olh', 6, 2],
    ['duchi', undefined, 0.5],
    ['hybrid', undefined, 2],
    ['square-wave', 11, 2],
    ['l-grr', 4, 2],
    ['loloha', 5, 3],
    ['discrete-laplace', undefined, 0.8],
    ['privunit', 3, 4],
  ] as const)('%s with %s options at epsilon %f', (name, options, epsilon) => {
    const audit = auditMechanism({ ...auditedMechanism({ name, options, epsilon }), epsilon, random: seededRandom(3) });
    expect(audit).toMatchObject({ epsilonClaimed: epsilon, verdict: 'sound', neighboringRelation: 'replace-one' });
    expect(audit.passed).toBe(true);
    expect(audit.confidence).toBe(1 - 1e-6);
    expect(audit.epsilonLowerBound).toBeGreaterThan(0.9 * epsilon);
    expect(audit.epsilonLowerBound).toBeLessThan(epsilon);
  });

  it('are all among these, by a short name or in full', () => {
    const tested = ['grr', 'ss', 'oue', 'olh', 'duchi', 'square-wave', 'l-grr', 'loloha', 'laplace', 'PrivUnit'];
    expect(new Set(tested.map(fullName))).toEqual(new Set(auditedNames.map(fullName)));
    expect(() => fullName('snapping')).toThrow('mechanism must be one of randomized-response, ');
    expect(() => fullName('constructor')).toThrow('mechanism must be one of randomized-response, ');
    expect(() => auditedMechanism({ name: 'grr', epsilon: 1 })).toThrow('options must be given for grr');
  });

  it('are not another one than was named', () => {
    expect(meanNamed('duchi', 0.5)()).toBe('duchi-with-no-answer');
    expect(meanNamed('hybrid_with_no_answer', 2)()).toBe('hybrid-with-no-answer');
    expect(meanNamed('duchi', 2)).toThrow('mechanism must be hybrid-with-no-answer for this epsilon, got duchi');
    expect(meanNamed('Hybrid-with-no-answer', 0.5)).toThrow('mechanism must be duchi-with-no-answer for this epsilon');
  });

  it('say whether they take options', () => {
    expect(auditedNames.filter((name) => !auditTakesOptions(name))).toEqual(['numeric-mean', 'discrete-laplace']);
    expect(['duchi', 'laplace', 'GRR'].map(auditTakesOptions)).toEqual([false, false, true]);
    for (const name of auditedNames.filter(auditTakesOptions)) {
      expect(() => auditedMechanism({ name, epsilon: 1 })).toThrow('options must be given');
    }
    expect(() => auditTakesOptions('toString')).toThrow('mechanism must be one of');
  });
});

describe('auditMechanism', () => {
  const channel = randomizedResponse({ options: 3, epsilon: 1 });
  const audited = {
    privatize: (input: number, random: RandomSource) => channel.privatize(input, random),
    inputs: letters(3),
    epsilon: 1,
  };

  it('makes as many draws as it is given, and says what it found', () => {
    const found: number[] = [];
    const audit = auditMechanism({
      ...audited,
      samples: 1_200_000,
      random: seededRandom(4),
      onProgress: (drawn) => found.push(drawn),
    });
    expect(audit).toMatchObject({ passed: true, samples: 1_200_000 });
    expect(found.length).toBeGreaterThan(2);
    expect(found).toEqual(found.toSorted((a, b) => a - b));
    // Too few show too little, and that is no success.
    const few = auditMechanism({ ...audited, samples: 600, random: seededRandom(4) });
    expect(few).toMatchObject({ passed: false, verdict: 'too-little-shown', samples: 600 });
    expect(few.epsilonLowerBound).toBeLessThan(0.9);
  });

  it('takes no more draws for many inputs that are treated alike than for few', () => {
    const many = randomizedResponse({ options: 20, epsilon: 1 });
    const privatize = (input: number, random: RandomSource) => many.privatize(input, random);
    const audit = (samples: number) =>
      auditMechanism({ privatize, inputs: letters(20), epsilon: 1, samples, random: seededRandom(9) });
    // Each pair by itself would take twenty times as many: p = 0.125 and q = 0.046 under 30,000 draws.
    expect(audit(1_200_000).passed).toBe(true);
    expect(audit(120_000).passed).toBe(false);
  });

  it('exceeds the claim no more often than its confidence allows, over all pairs', () => {
    const four = randomizedResponse({ options: 4, epsilon: 1 });
    const privatize = (input: number, random: RandomSource) => four.privatize(input, random);
    const random = seededRandom(10);
    const [audits, confidence] = [400, 0.5];
    let exceeded = 0;
    for (let audit = 0; audit < audits; audit += 1) {
      const { epsilonLowerBound: bound } = auditMechanism({
        privatize,
        inputs: letters(4),
        epsilon: 1,
        samples: 2_000,
        confidence,
        random,
      });
      exceeded += Number(bound > 1);
    }
    expect(exceeded).toBeLessThan(audits * (1 - confidence));
  });

  it('finds the one input of many that tells more than it should', () => {
    const options = 6;
    const sound = randomizedResponse({ options, epsilon: 1 });
    const loud = randomizedResponse({ options, epsilon: 1.4 });
    const privatize = (input: number, random: RandomSource) => (input === 4 ? loud : sound).privatize(input, random);
    const audit = auditMechanism({
      privatize,
      inputs: letters(options),
      epsilon: 1,
      samples: 6e5,
      random: seededRandom(5),
    });
    expect(audit.passed).toBe(false);
    expect(audit.epsilonLowerBound).toBeGreaterThan(1);
  });

  it('refuses what it cannot audit, before anything is drawn', () => {
    const random = seededRandom(6);
    const audit = (change: object) => () => auditMechanism({ ...audited, random, ...change });
    expect(audit({ inputs: [1] })).toThrow('inputs must hold at least two inputs, got 1');
    expect(audit({ epsilon: Infinity })).toThrow('epsilon must be finite and > 0, got Infinity');
    expect(audit({ confidence: 1 })).toThrow('confidence must be in (0, 1), got 1');
    expect(audit({ samples: 5 })).toThrow('samples must be an integer >= 6, got 5');
    expect(random.wordsDrawn).toBe(0);
    expect(audit({ privatize: () => [1] })).toThrow(TypeError);
  });
});

describe('what is wrong on purpose is found, from reports alone', () => {
  const epsilon = 2;
  const audit = <Input, Report extends number | string>(
    privatize: (input: Input, random: RandomSource) => Report,
    inputs: readonly Input[],
    samples = 400_000,
  ) => auditMechanism({ privatize, inputs, epsilon, samples, random: seededRandom(7) });
  const right = keepOf(Math.exp(epsilon), 3);

  const expectTooMuch = (result: BlackBoxAudit): void => {
    expect(result).toMatchObject({ passed: false, verdict: 'exceeds-claim' });
    expect(result.epsilonLowerBound).toBeGreaterThan(epsilon);
  };
  const expectTooLittle = (result: BlackBoxAudit): void => {
    expect(result).toMatchObject({ passed: false, verdict: 'too-little-shown' });
    expect(result.epsilonLowerBound).toBeLessThan(0.9 * epsilon);
  };

  it('nothing, in what is right', () => expect(audit(response(3, right), letters(3)).passed).toBe(true));

  it('a p that is larger by five per cent', () => expectTooMuch(audit(response(3, right * 1.05), letters(3))));

  it('p and q swapped', () => expectTooLittle(audit(response(3, (1 - right) / 2), letters(3))));

  it('log2 instead of ln, and 2^epsilon instead of e^epsilon', () => {
    expectTooMuch(audit(response(3, keepOf(Math.exp(epsilon / Math.LN2), 3)), letters(3)));
    expectTooLittle(audit(response(3, keepOf(2 ** epsilon, 3)), letters(3)));
  });

  it('noise for a sensitivity of C, where values from -C to C may be replaced', () => {
    expect(audit(noised(6, epsilon), [-3, 0, 3]).passed).toBe(true);
    expectTooMuch(audit(noised(3, epsilon), [-3, 0, 3]));
  });

  it.each([0.01, 0.003, 0.001])(
    'the answer itself in %f of all reports, with as many draws as it takes by itself',
    (rate) => {
      const sound = randomizedResponse({ options: 2, epsilon: 1 });
      const random = seededRandom(11);
      const leaky = (input: number) => {
        const report = sound.privatize(input, random);
        return random.nextUint32() < rate * 2 ** 32 ? 100 + input : report;
      };
      const result = auditMechanism({ privatize: leaky, inputs: [0, 1], epsilon: 1, random });
      expect(result).toMatchObject({ passed: false, verdict: 'exceeds-claim' });
      expect(result.epsilonLowerBound).toBeGreaterThan(1.2);
    },
  );

  it('the same for Gaussian noise, given its delta', () => {
    const [delta, clippingNorm] = [0.01, 10];
    const noiseMultiplier = gaussianNoiseMultiplier({ epsilon, delta, steps: 1 });
    const bound = (sensitivity: number): number => {
      const random = seededRandom(8);
      const noiseStddev = sensitivity * noiseMultiplier;
      // The event where the loss is at least epsilon: beyond the middle by epsilon s^2 / shift.
      const edge = (epsilon * noiseStddev ** 2) / (2 * clippingNorm);
      const trials = 200_000;
      const hits = (value: number): number => {
        let count = 0;
        for (let trial = 0; trial < trials; trial += 1) {
          count += Number(value + discreteGaussian({ noiseStddev }, random) >= edge);
        }
        return count;
      };
      return epsilonLowerBound({
        hits: hits(clippingNorm),
        trials,
        falseHits: hits(-clippingNorm),
        falseTrials: trials,
        delta,
        confidence: 1 - 1e-6,
      });
    };
    expect(bound(2 * clippingNorm)).toBeLessThan(epsilon);
    expect(bound(2 * clippingNorm)).toBeGreaterThan(0.7 * epsilon);
    expect(bound(clippingNorm)).toBeGreaterThan(epsilon);
  });

  it('the whole of epsilon for each of three questions', () => {
    expect(audit(record(epsilon / 3), ['000', '011', '111']).passed).toBe(true);
    expectTooMuch(audit(record(epsilon), ['000', '011', '111']));
  });
});
