import { manifestHash, parseReport, type SurveyResults, surveyChannels } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { questionResult, surveyResults } from './results.ts';
import { StudyTally } from './study-tally.ts';

async function survey(options: Parameters<typeof pulseStudy>[0] = {}) {
  const manifest = pulseStudy(options);
  const study = {
    manifest,
    hash: await manifestHash(manifest),
    channels: surveyChannels(manifest.survey!),
    publishedAt: '',
  };
  const tally = new StudyTally(study);
  const answer = (times: number, group: string, stay: boolean) => {
    for (let i = 0; i < times; i += 1) {
      tally.add(
        parseReport(reportText(study, { stay, workload: 5, recommend: 10, improve: 'pay', hours: 40 }), study),
        { group, participant: String(i), sequence: tally.counted + 1 },
      );
    }
  };
  const results = () => {
    const questions = [...study.channels.byQuestion.values()].map((spec) => questionResult(study, spec, tally));
    return surveyResults(study, tally, questions);
  };
  return { study, answer, results };
}

const cells = (results: SurveyResults, question: string) =>
  results.questions.find((q) => q.question === question)!.cells;

describe('surveyResults', () => {
  it('[E3] says too few of a cell without a whole block, while the voices are live', async () => {
    const { answer, results } = await survey();
    answer(4, 'sales', true);
    expect(results().voices).toBe(4);
    for (const { cells: all } of results().questions) {
      expect(all).toEqual([null, 'sales', 'legal'].map((group) => ({ state: 'suppressed', group, reason: 'too-few' })));
    }
  });

  it('[E2] shows whole blocks, and as the total the groups that are shown', async () => {
    const { answer, results } = await survey();
    answer(13, 'sales', true);
    answer(4, 'legal', false);
    const [all, sales, legal] = cells(results(), 'stay');
    expect(results().voices).toBe(17);
    expect(sales).toMatchObject({ state: 'published', group: 'sales', respondents: 10 });
    expect(legal).toMatchObject({ state: 'suppressed', reason: 'too-few' });
    expect(all).toEqual({ ...sales, group: null });
  });

  it('[E3] says too uncertain of a margin beyond the study limit, and shows no number', async () => {
    const noisy = await survey({ epsilon: 1 });
    noisy.answer(10, 'sales', true);
    expect(cells(noisy.results(), 'stay')[1]).toEqual({ state: 'suppressed', group: 'sales', reason: 'too-uncertain' });

    const strict = await survey({ maximumMargin: 0.01 });
    strict.answer(50, 'sales', true);
    expect(cells(strict.results(), 'stay')[1]).toEqual({
      state: 'suppressed',
      group: 'sales',
      reason: 'too-uncertain',
    });
    const lenient = await survey({ maximumMargin: 0.3 });
    lenient.answer(50, 'sales', true);
    expect(cells(lenient.results(), 'stay')[1]).toMatchObject({ state: 'published', respondents: 50 });
  });

  it('[E6] tells who took part in whole blocks, and of how many', async () => {
    const values = [
      { id: 'sales', label: 'Sales', headcount: 40 },
      { id: 'legal', label: 'Legal', headcount: 8 },
    ];
    const groups = { attribute: 'department', label: 'Department', values };
    const { answer, results } = await survey({ more: { groups } });
    answer(13, 'sales', true);
    answer(4, 'legal', true);
    expect(results().participation).toEqual([
      // At least these, and less than one block more of each group.
      { group: null, participants: 10, headcount: 48, rate: { lower: 10 / 48, upper: 18 / 48 } },
      { group: 'sales', participants: 10, headcount: 40, rate: { lower: 10 / 40, upper: 14 / 40 } },
      { group: 'legal', participants: 0, headcount: 8, rate: { lower: 0, upper: 4 / 8 } },
    ]);
    const unknown = await survey();
    expect(unknown.results().participation[0]).toEqual({ group: null, participants: 0, headcount: null, rate: null });
  });

  it('[E7] shows what others got beside the question that it is of', async () => {
    const common = { source: 'Industry survey', year: 2025 };
    const benchmarks = [
      { question: 'stay', value: 0.7, ...common },
      { question: 'improve', estimate: 'pay', value: 0.4, ...common },
    ];
    const manifest = pulseStudy();
    const { results } = await survey({ more: { survey: { ...manifest.survey!, benchmarks } } });
    expect(results().questions.map((question) => question.benchmarks)).toEqual([
      [{ estimate: 'yes', value: 0.7, ...common }],
      [],
      [],
      [{ estimate: 'pay', value: 0.4, ...common }],
      [],
    ]);
  });

  it('[E1] covers the truth with its intervals, and describes each question', async () => {
    const { study, answer, results } = await survey();
    answer(60, 'sales', true);
    answer(40, 'legal', false);
    const now = results();
    expect(now).toMatchObject({
      study: 'pulse',
      manifest: study.hash,
      epsilon: 20,
      confidence: 0.95,
      minimumGroupSize: 5,
    });
    expect(now.realizedEpsilon).toBeLessThanOrEqual(20);
    const stay = now.questions[0]!;
    expect(stay).toMatchObject({
      question: 'stay',
      report: 'favourable',
      range: [0, 1],
      mechanism: 'randomized-response',
      epsilon: 4,
    });
    expect(stay.realizedEpsilon).toBeLessThanOrEqual(4);
    const [all] = stay.cells;
    if (all?.state !== 'published') throw new Error('the total must be published');
    // At epsilon 4 a question nearly all letters are true: the share of yes is .6 up to a few points.
    expect(all.estimates).toHaveLength(1);
    expect(Math.abs(all.estimates[0]!.value - 0.6)).toBeLessThan(0.2);
    expect(all.estimates[0]!.lower).toBeLessThan(all.estimates[0]!.value);
    expect(all.estimates[0]!.upper).toBeGreaterThan(all.estimates[0]!.value);
    expect(all.effectiveRespondents).toBeLessThan(100);
    const [recommend] = cells(now, 'recommend');
    if (recommend?.state !== 'published') throw new Error('the eNPS must be published');
    expect(recommend.estimates[0]!.value).toBeGreaterThan(50);
  });
});
