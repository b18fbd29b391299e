import { SeededRandom } from '@chorale/privacy/testing';
import { describe, expect, it } from 'vitest';
import { madeUpRows } from '../../testing/made-up-rows.ts';
import { fitRandomizedLabels, labelChannel, type LabelCorrection } from './label-randomized-response.ts';

const truth = [1.5, -1, 0.5];
const asked = madeUpRows({ rows: 500, weights: truth, bias: -0.5, seed: 8 });
const normBound = 1.5;
const precision = normBound ** 2 / 4;
const corrections: LabelCorrection[] = ['likelihood', 'unbiased'];
const fit = (reports: ArrayLike<number>, epsilon: number, correction: LabelCorrection, people = asked) =>
  fitRandomizedLabels({ ...people, reports, channel: labelChannel(epsilon), normBound, correction });

/** Slope of the whole penalized loss at the model, by central differences of a loss written out plainly. */
function slopes(
  model: { weights: Float64Array; bias: number },
  loss: (logit: number, row: number) => number,
): number[] {
  const at = [...model.weights, model.bias];
  const total = (w: number[]): number => {
    let sum = 0;
    for (let row = 0; row < asked.rows; row += 1) {
      const x = asked.rowAt(row);
      sum += loss(w[0]! * x[0]! + w[1]! * x[1]! + w[2]! * x[2]! + w[3]!, row);
    }
    return sum + (precision / 2) * (w[0]! ** 2 + w[1]! ** 2 + w[2]! ** 2) + (1e-4 / 2) * w[3]! ** 2;
  };
  return at.map((_, i) => {
    const moved = (by: number): number[] => at.map((value, j) => (j === i ? value + by : value));
    return (total(moved(1e-4)) - total(moved(-1e-4))) / 2e-4;
  });
}

const logistic = (logit: number, label: number): number => Math.log(1 + Math.exp(label === 1 ? -logit : logit));
const random = new SeededRandom(9);
const reports = Uint8Array.from(asked.labels, (label) => labelChannel(1).privatize(label, random));

describe('fitRandomizedLabels', () => {
  it('ends where the loss of lemma 1, written out, is flat', () => {
    const { q } = labelChannel(1);
    const model = fit(reports, 1, 'unbiased');
    const corrected = (logit: number, row: number): number => {
      const y = reports[row]!;
      return ((1 - q) * logistic(logit, y) - q * logistic(logit, 1 - y)) / (1 - 2 * q);
    };
    for (const slope of slopes(model, corrected)) expect(Math.abs(slope)).toBeLessThan(1e-2);
  });

  it('ends where the likelihood of the reports, written out, is flat', () => {
    const { p, q } = labelChannel(1);
    const likelihood = (logit: number, row: number): number => {
      const s = 1 / (1 + Math.exp(-logit));
      return -Math.log(reports[row] === 1 ? p * s + q * (1 - s) : q * s + p * (1 - s));
    };
    for (const slope of slopes(fit(reports, 1, 'likelihood'), likelihood)) expect(Math.abs(slope)).toBeLessThan(1e-2);
  });

  it('the unbiased loss is that of the true label, on average over the channel', () => {
    const { p, q } = labelChannel(0.7);
    for (const logit of [-3, -0.2, 0, 1, 4]) {
      for (const label of [0, 1]) {
        const of = (report: number): number => logistic(logit, 0) - ((report - q) / (p - q)) * logit;
        expect(p * of(label) + q * of(1 - label)).toBeCloseTo(logistic(logit, label), 12);
      }
    }
  });

  it('without lies both are logistic regression', () => {
    for (const correction of corrections) {
      const model = fit(asked.labels, 20, correction);
      const slope = slopes(model, (logit, row) => logistic(logit, asked.labels[row]!));
      for (const value of slope) expect(Math.abs(value)).toBeLessThan(1e-2);
    }
  });

  it('many reports give the weights that made the labels, which uncorrected ones do not', () => {
    const many = madeUpRows({ rows: 20_000, weights: truth, bias: -0.5, seed: 10 });
    const channel = labelChannel(1);
    const draws = new SeededRandom(11);
    const noisy = Uint8Array.from(many.labels, (label) => channel.privatize(label, draws));
    for (const correction of corrections) {
      const { weights, bias } = fit(noisy, 1, correction, many);
      // An input's variance is 1/3 and the reports' information at least (p - q)^2 / 4 x .6 a row, .028: errors of .05.
      for (const [i, w] of truth.entries()) expect(Math.abs(weights[i]! - w)).toBeLessThan(0.25);
      expect(Math.abs(bias + 0.5)).toBeLessThan(0.25);
    }
    expect(fit(noisy, 20, 'unbiased', many).weights[0]).toBeLessThan(0.8);
  });

  it('one label alone, one row and a column that never changes end in numbers', () => {
    for (const correction of corrections) {
      for (const people of [asked, madeUpRows({ rows: 1, weights: truth, bias: 0, seed: 1 })]) {
        const constant = { ...people, inputs: people.inputs.map((value, i) => (i % 3 === 0 ? 1 : value)) };
        const { weights, bias } = fit(new Uint8Array(people.rows).fill(1), 2, correction, constant);
        expect([...weights, bias].every(Number.isFinite)).toBe(true);
      }
    }
  });

  it('refuses what is not a report or a row', () => {
    const channel = labelChannel(1);
    const good = { ...asked, reports, channel, normBound };
    expect(() => fitRandomizedLabels({ ...good, reports: reports.map(() => 2) })).toThrow(
      'reports must be 0 or 1, got 2',
    );
    expect(() => fitRandomizedLabels({ ...good, reports: [1] })).toThrow('reports must hold 500 numbers, got 1');
    expect(() => fitRandomizedLabels({ ...good, inputs: asked.inputs.map(() => Number.NaN) })).toThrow(
      'inputs must hold only',
    );
    expect(() => channel.privatize(2)).toThrow();
  });
});

describe('labelChannel', () => {
  it.each([0.5, 2, 8])('two letters whose likeliest ratio is at most e^epsilon, and nearly it: %d', (epsilon) => {
    const { p, q, realizedEpsilon } = labelChannel(epsilon);
    expect(p + q).toBeCloseTo(1, 14);
    expect(realizedEpsilon).toBeLessThanOrEqual(epsilon);
    expect(Math.log(p / q)).toBeCloseTo(epsilon, 9);
  });
});
