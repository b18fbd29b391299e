import { manifestHash, type Manifest, type StudyDrivers, surveyChannels } from '@chorale/protocol';
import { describe, expect, it } from 'vitest';
import { pulseStudy, questions } from '../../testing/pulse-study.ts';
import { judgePair, studyDrivers } from './drivers.ts';
import type { PairCount, PairCounts } from './pair-tally.ts';

const [stay, workload, recommend, improve, hours] = questions;

async function study(manifest: Manifest) {
  return { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!), publishedAt: '' };
}

/** Three questions at an epsilon at which hardly a letter is changed. */
const threeQuestions = (maximumMargin = 0.25) =>
  pulseStudy({ epsilon: 18, maximumMargin, asked: [stay!, workload!, recommend!] });

/** Letters of staying and workload as often as they say; every letter of the eNPS as often as any other. */
function pairsOf(alike: number, different: number): PairCounts[] {
  const both: PairCount[] = [
    [0, 0, alike],
    [1, 1, alike],
    [0, 1, different],
    [1, 0, different],
  ];
  const each = (2 * (alike + different)) / 6;
  const unrelated = [0, 1].flatMap((one) => [0, 1, 2].map((other): PairCount => [one, other, each]));
  return [
    { first: 'stay', second: 'workload', counts: both },
    { first: 'stay', second: 'recommend', counts: unrelated },
    { first: 'workload', second: 'recommend', counts: unrelated },
  ];
}

async function drivers(
  manifest: Manifest,
  { counts, heldBack = false }: { counts: PairCounts[]; heldBack?: boolean },
): Promise<StudyDrivers> {
  const of = await study(manifest);
  const respondents = (counts[0]?.counts ?? []).reduce((sum, [, , count]) => sum + count, 0);
  const pairs = { respondents, heldBack, counts };
  return studyDrivers(
    of,
    pairs,
    counts.map((pair) => judgePair(of, pairs, pair)),
  );
}

function shown(answer: StudyDrivers) {
  if (answer.state !== 'available') throw new Error('there must be drivers');
  return answer.pairs;
}

/** Of each pair, why it has no number, if it has none. */
async function reasons(manifest: Manifest, counts: PairCounts[], heldBack = false): Promise<string[]> {
  const pairs = shown(await drivers(manifest, { counts, heldBack }));
  return pairs.map((pair) => (pair.state === 'suppressed' ? pair.reason : pair.state));
}

describe('[E10] drivers', () => {
  it('have an interval, and what is left of a p-value among all pairs', async () => {
    const answer = await drivers(threeQuestions(), { counts: pairsOf(100, 50) });
    expect(answer).toMatchObject({
      study: 'pulse',
      respondents: 300,
      confidence: 0.95,
      leftOut: [],
      questions: [{ question: 'stay' }, { question: 'workload' }, { question: 'recommend' }],
    });
    const [alike, ...others] = shown(answer);
    if (alike?.state !== 'published') throw new Error('it must be shown');
    expect(alike).toMatchObject({ questions: ['stay', 'workload'], significant: true });
    // Two thirds say the same to both: a correlation of a third, and hardly any noise.
    expect(Math.abs(alike.correlation - 1 / 3)).toBeLessThan(0.02);
    expect([alike.lower, alike.upper].map((end) => Math.abs(end - alike.correlation))).toSatisfy((sides: number[]) =>
      sides.every((side) => side > 0.1 && side < 0.12),
    );
    expect(alike.adjustedPValue).toBeCloseTo(3 * alike.pValue, 12);
    for (const pair of others) expect(pair).toMatchObject({ correlation: expect.closeTo(0, 9), significant: false });
  });

  it('[E8] count pairs that are not shown among those that were asked about', async () => {
    // Nearly nobody stays: two pairs are too uncertain, and chance alone decides that.
    const rare: PairCount[] = [
      [0, 0, 98],
      [0, 1, 100],
      [1, 0, 1],
      [1, 1, 1],
    ];
    const [, , unrelated] = pairsOf(60, 40);
    const counts = [
      { first: 'stay', second: 'workload', counts: rare },
      { first: 'stay', second: 'recommend', counts: rare },
      { ...unrelated!, counts: pairsOf(60, 40)[0]!.counts },
    ];
    const pairs = shown(await drivers(threeQuestions(0.1), { counts }));
    expect(pairs.slice(0, 2)).toMatchObject([{ reason: 'too-uncertain' }, { reason: 'too-uncertain' }]);
    const last = pairs[2]!;
    if (last.state !== 'published') throw new Error('it must be shown');
    expect(last.adjustedPValue).toBeCloseTo(3 * last.pValue, 12);
  });

  it('[E3] show no number without a block, of fewer than a hundred, or beyond the margin of the study', async () => {
    const none = pairsOf(0, 0).map((pair) => ({ ...pair, counts: [] }));
    expect(await reasons(threeQuestions(), none)).toEqual(['too-few', 'too-few', 'too-few']);
    expect(await reasons(threeQuestions(), none, true)).toEqual(['too-similar', 'too-similar', 'too-similar']);
    expect(await reasons(threeQuestions(), pairsOf(32, 16))).toEqual([
      'too-uncertain',
      'too-uncertain',
      'too-uncertain',
    ]);
    expect(await reasons(threeQuestions(), pairsOf(34, 17))).toEqual(['published', 'published', 'published']);
    expect(await reasons(threeQuestions(0.08), pairsOf(34, 17))).toEqual([
      'too-uncertain',
      'too-uncertain',
      'too-uncertain',
    ]);
  });

  it('are limited to what can be true', async () => {
    const [pair] = shown(await drivers(threeQuestions(), { counts: pairsOf(150, 0) }));
    expect(pair).toMatchObject({ correlation: 1, upper: 1, significant: true });
  });

  it('are refused, with what it would take, where devices draw their questions', async () => {
    const sampled = pulseStudy({ epsilon: 5 });
    expect(studyDrivers(await study(sampled), null, [])).toMatchObject({
      state: 'unavailable',
      reason: 'sampled',
      asked: 5,
      questionsPerDevice: 2,
      epsilonForAll: 12.5,
      leftOut: [
        { question: 'improve', reason: 'unordered' },
        { question: 'hours', reason: 'mean' },
      ],
    });
    // What it says would do.
    expect(surveyChannels({ ...sampled.survey!, epsilon: 12.5 }).questionsPerDevice).toBe(5);
    expect(surveyChannels({ ...sampled.survey!, epsilon: 12.4 }).questionsPerDevice).toBe(4);
  });

  it('are refused where no two questions have an order, and where reports were deleted before pairs were counted', async () => {
    const one = pulseStudy({ asked: [stay!, improve!, hours!] });
    expect(studyDrivers(await study(one), null, [])).toMatchObject({ reason: 'too-few-questions' });
    expect(studyDrivers(await study(threeQuestions()), null, [])).toMatchObject({ reason: 'deleted' });
  });
});
