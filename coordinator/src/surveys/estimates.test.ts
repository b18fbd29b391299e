import { estimateRange, questionChannel, type QuestionChannel } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { questions } from '../../testing/pulse-study.ts';
import { estimateCell, respondentsWithoutNoise } from './estimates.ts';

const spec = (id: string, epsilon: number): QuestionChannel =>
  questionChannel(
    questions.find((q) => q.id === id)!,
    epsilon,
  );

/** What a channel makes of answers on average: expected counts, so that estimates are exact. */
function expectedCounts({ channel }: QuestionChannel, inputs: Record<number, number>): number[] {
  return Array.from({ length: channel.outputs }, (_, output) =>
    Object.entries(inputs).reduce(
      (sum, [input, people]) => sum + people * channel.probability(Number(input), output),
      0,
    ),
  );
}

describe('[E1] estimates of a cell', () => {
  it.each([1, 2, 4])('give back the share among those who answer (epsilon %d)', (epsilon) => {
    const yesNo = spec('stay', epsilon);
    // 600 no, 900 yes, 500 without an answer: 60% of those who answer.
    const { estimates } = estimateCell(yesNo, expectedCounts(yesNo, { 0: 600, 1: 900, 2: 500 }));
    expect(estimates).toMatchObject([{ id: 'yes', label: 'Yes', value: expect.closeTo(0.6, 9) }]);
    const scale = spec('workload', epsilon);
    const favourable = estimateCell(scale, expectedCounts(scale, { 0: 900, 1: 300, 2: 800 })).estimates;
    expect(favourable).toMatchObject([{ id: 'favourable', value: expect.closeTo(0.25, 9) }]);
  });

  it('give back every option of a choice', () => {
    const choice = spec('improve', 3);
    const { estimates } = estimateCell(choice, expectedCounts(choice, { 0: 700, 1: 300, 2: 50 }));
    expect(estimates.map(({ id, value }) => [id, Number(value.toFixed(9))])).toEqual([
      ['pay', 0.7],
      ['rooms', 0.3],
    ]);
  });

  it('give back every point of a scale that is reported as a set of letters', () => {
    const scale = questionChannel(
      { type: 'scale', id: 'load', text: 'Load?', minimum: 0, maximum: 10, report: 'distribution' },
      0.5,
    );
    expect(scale.channel).toMatchObject({ mechanism: 'subset-selection', inputs: 12, outputs: 495 });
    const { estimates } = estimateCell(scale, expectedCounts(scale, { 0: 10_000, 7: 30_000, 11: 20_000 }));
    expect(estimates.map(({ value }) => Number(value.toFixed(9)))).toEqual([0.25, 0, 0, 0, 0, 0, 0, 0.75, 0, 0, 0]);
    expect(estimates[7]!.lower).toBeLessThan(0.75);
    expect(estimates[7]!.upper).toBeGreaterThan(0.75);
  });

  it('give promoters minus detractors from -100 to 100', () => {
    const enps = spec('recommend', 3);
    const counts = expectedCounts(enps, { 0: 500, 1: 250, 2: 250, 3: 1000 });
    expect(estimateCell(enps, counts).estimates).toMatchObject([{ id: 'enps', value: expect.closeTo(-25, 9) }]);
  });

  it('give a mean on the scale of the question', () => {
    const hours = spec('hours', 4);
    if (hours.kind !== 'mean') throw new TypeError('hours must be a mean');
    // Inputs 1 and the last are the ends of the scale, 0 is no answer: a quarter of 0 hours, the rest 60.
    const counts = expectedCounts(hours, { 0: 500, 1: 500, [hours.channel.inputs - 1]: 1500 });
    expect(estimateCell(hours, counts).estimates).toMatchObject([{ id: 'mean', value: expect.closeTo(45, 6) }]);
  });

  it('measure the margin before they are clipped to what can be true', () => {
    const yesNo = spec('stay', 1);
    const [estimate] = estimateCell(yesNo, [0, 400, 0]).estimates;
    expect(estimate).toMatchObject({ value: 1, upper: 1 });
    const { halfInterval } = estimateCell(yesNo, [0, 400, 0]);
    expect(halfInterval).toBeGreaterThan(1 - estimate!.lower);
  });

  it('are infinitely uncertain where nobody seems to answer', () => {
    const yesNo = spec('stay', 2);
    expect(estimateCell(yesNo, [2, 1, 60]).halfInterval).toBe(Infinity);
    const hours = spec('hours', 2);
    const none = Array.from({ length: hours.channel.outputs }, (_, output) => (output === 0 ? 50 : 0));
    expect(estimateCell(hours, none).halfInterval).toBe(Infinity);
  });

  it.each(questions.map(({ id }) => id))('shrink to about the root of n noise-free respondents (%s)', (id) => {
    // At a large epsilon the noise is gone, and every respondent counts in full.
    const respondents = respondentsWithoutNoise(spec(id, 19), { respondents: 1000 });
    expect(respondents).toBeGreaterThan(990);
    expect(respondents).toBeLessThanOrEqual(1000);
    expect(respondentsWithoutNoise(spec(id, 1), { respondents: 1000 })).toBeLessThan(350);
  });

  it('counts what the noise of an eNPS costs like the variance that it has', () => {
    const enps = spec('recommend', 1.5);
    if (enps.kind !== 'shares') throw new TypeError('eNPS must be of shares');
    // Half promoters, half detractors: the debiased score is +-100 / (p - q), or 0.
    const counts = expectedCounts(enps, { 0: 1e6, 2: 1e6 });
    const gain = 100 / (enps.channel.p - enps.channel.q);
    const perReport = (gain ** 2 * (counts[0]! + counts[2]!)) / 2e6;
    expect(respondentsWithoutNoise(enps, { respondents: 5000 })).toBeCloseTo((5000 * 100 ** 2) / perReport, 6);
  });

  it('know the range of their question', () => {
    expect(questions.map(estimateRange)).toEqual([
      [0, 1],
      [0, 1],
      [-100, 100],
      [0, 1],
      [0, 60],
    ]);
  });
});
