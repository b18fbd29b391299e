import { seededRandom } from '@chorale/privacy/testing';
import type { TrainingTask } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { siteTask } from '../testing/study.ts';
import { evaluateHistogram } from './evaluate.ts';

const random = seededRandom(20_262);
const uniform = (): number => (random.nextUint32() + 0.5) / 2 ** 32;
const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());

const moods: TrainingTask['label'] = { type: 'category', column: 'Mood', categories: ['low', 'middling', 'high'] };
const salary: TrainingTask['label'] = { type: 'number', column: 'Salary', minimum: 1000, maximum: 5000 };
const base = siteTask();

function read(label: TrainingTask['label'], cells: number[], { noiseMultiplier = 0, contributions = 1 } = {}) {
  const { bins: _, ...rest } = base.evaluation;
  const bins = label.type === 'category' ? {} : { bins: cells.length / 2 };
  const task = siteTask({ label, evaluation: { ...rest, ...bins, noiseMultiplier } });
  return evaluateHistogram(task, { histogram: cells, contributions });
}

/** Label and likeliest category of each row: right in .7 of the rows, and half of all labels are the first. */
function drawMoods(rows: number): number[] {
  const cells = Array.from({ length: 9 }, () => 0);
  for (let row = 0; row < rows; row += 1) {
    const label = uniform() < 0.5 ? 0 : uniform() < 0.6 ? 1 : 2;
    const found = uniform() < 0.7 ? label : (label + 1 + Math.floor(2 * uniform())) % 3;
    cells[label * 3 + found]! += 1;
  }
  return cells;
}

const errorStddev = 0.12;
const bins = 20;

/** Labels even over the scale, errors normal. */
function drawSalaries(rows: number): { cells: number[]; meanError: number } {
  const cells = Array.from({ length: 2 * bins }, () => 0);
  let meanError = 0;
  for (let row = 0; row < rows; row += 1) {
    const error = Math.min(1, Math.abs(errorStddev * normal()));
    meanError += error / rows;
    cells[Math.min(bins - 1, Math.floor(error * bins))]! += 1;
    cells[bins + Math.min(bins - 1, Math.floor(uniform() * bins))]! += 1;
  }
  return { cells, meanError };
}

const noised = (cells: readonly number[], stddev: number): number[] =>
  cells.map((count) => count + Math.round(stddev * normal()));

describe('[R12] evaluation of categories', () => {
  it('without noise is the share of rows on the diagonal, and the most frequent label’s', () => {
    expect(read(moods, [30, 5, 5, 4, 20, 6, 10, 0, 20])).toMatchObject({
      label: 'category',
      rows: 100,
      accuracy: 0.7,
      mostFrequent: 0.4,
    });
  });

  it.each([
    { rows: 300, noiseMultiplier: 0 },
    { rows: 40, noiseMultiplier: 0 },
    { rows: 600, noiseMultiplier: 8 },
  ])('its interval holds the true accuracy 95 times in 100: $rows rows, noise $noiseMultiplier', (setting) => {
    const { rows, noiseMultiplier } = setting;
    const contributions = 3;
    const stddev = noiseMultiplier * Math.SQRT2 * Math.sqrt(contributions);
    const repeats = 1000;
    let held = 0;
    let width = 0;
    for (let i = 0; i < repeats; i += 1) {
      const found = read(moods, noised(drawMoods(rows), stddev), { noiseMultiplier, contributions });
      if (found.label !== 'category' || found.accuracy === null) throw new Error('expected a readable table');
      if (found.accuracyLower! <= 0.7 && 0.7 <= found.accuracyUpper!) held += 1;
      width += (found.accuracyUpper! - found.accuracyLower!) / repeats;
    }
    // 950 are expected, stddev 6.9; four of them allow for the normal approximation.
    expect(held / repeats).toBeGreaterThan(0.922);
    // Noise on nine cells of the mean's derivative (x - .7), on top of the rows' own spread.
    const noise = stddev ** 2 * (3 * 0.3 ** 2 + 6 * 0.7 ** 2);
    expect(width).toBeLessThan(((2 * 1.96 * Math.sqrt(rows * 0.21 + noise)) / rows) * 1.2);
  });

  it('says nothing where noise could account for all rows', () => {
    const found = read(moods, [9, -3, 2, 1, 4, 0, 2, 3, 1], { noiseMultiplier: 4 });
    expect(found).toMatchObject({ accuracy: null, accuracyLower: null, accuracyUpper: null, mostFrequent: null });
  });
});

describe('[R12] evaluation of numbers', () => {
  it('without noise is the mean absolute error, and that of guessing the mean, in the label’s unit', () => {
    const { cells, meanError } = drawSalaries(20_000);
    const found = read(salary, cells);
    if (found.label !== 'number') throw new Error('expected numbers');
    expect(found.rows).toBe(20_000);
    // Rows lie evenly enough within bins of a twentieth of the scale.
    expect(Math.abs(found.error! - 4000 * meanError)).toBeLessThan(4000 * 0.003);
    expect(Math.abs(found.spread! - 4000 / 4)).toBeLessThan(4000 * 0.003);
  });

  it.each([
    { rows: 300, noiseMultiplier: 0 },
    { rows: 3000, noiseMultiplier: 6 },
  ])('its interval holds the true error 95 times in 100: $rows rows, noise $noiseMultiplier', (setting) => {
    const { rows, noiseMultiplier } = setting;
    const stddev = 2 * noiseMultiplier;
    const truth = 4000 * errorStddev * Math.sqrt(2 / Math.PI);
    const repeats = 1000;
    let held = 0;
    let width = 0;
    for (let i = 0; i < repeats; i += 1) {
      const found = read(salary, noised(drawSalaries(rows).cells, stddev), { noiseMultiplier });
      if (found.label !== 'number' || found.error === null) throw new Error('expected readable numbers');
      if (found.errorLower! <= truth && truth <= found.errorUpper!) held += 1;
      width += (found.errorUpper! - found.errorLower!) / repeats;
    }
    expect(held / repeats).toBeGreaterThan(0.922);
    // The interval is of use: much narrower than the error is large.
    expect(width).toBeLessThan(truth / 2);
  });

  it('says nothing where noise could account for all rows', () => {
    expect(read(salary, [3, -3, 4, 1, 4, 0, 2, 3], { noiseMultiplier: 4 })).toMatchObject({
      error: null,
      errorLower: null,
      errorUpper: null,
      spread: null,
    });
  });
});

it('refuses a histogram that is not the task’s', () => {
  const task = siteTask();
  expect(() => evaluateHistogram(task, { histogram: [1, 2, 3], contributions: 1 })).toThrow(/20 cells, got 3/);
});
