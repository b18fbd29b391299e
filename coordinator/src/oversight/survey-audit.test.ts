import {
  type Manifest,
  manifestHash,
  type QuestionChannel,
  type SurveyChannels,
  surveyChannels,
} from '@chorale/protocol';
import { expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { evidencePack } from './evidence-pack.ts';
import { auditSurveyInThread } from './survey-audit-thread.ts';
import { auditSurvey } from './survey-audit.ts';

const manifest = pulseStudy();
const survey = manifest.survey!;

/** The study's channels, one of them with other weights or words of its own. */
function tampered(question: string, change: (channel: QuestionChannel['channel']) => object): SurveyChannels {
  const channels = surveyChannels(survey);
  const spec = channels.byQuestion.get(question)!;
  const { channel } = spec;
  // What a channel says lies on its prototype too, which a spread would leave out.
  const other = Object.assign(Object.create(channel) as typeof channel, {});
  for (const [name, value] of Object.entries(change(channel))) Object.defineProperty(other, name, { value });
  return {
    ...channels,
    byQuestion: new Map(channels.byQuestion).set(question, { ...spec, channel: other } as typeof spec),
  };
}

it('[S4] [S5] reads every probability of every mechanism of a study, and finds the epsilon that it states', async () => {
  const channels = surveyChannels(survey);
  const audit = await auditSurveyInThread(survey);
  expect(audit).toEqual(auditSurvey(channels, survey.epsilon));
  expect(audit.passed).toBe(true);
  expect(audit.questions.map(({ question }) => question)).toEqual(survey.questions.map(({ id }) => id));
  for (const { question, epsilonExact, failures, probabilities } of audit.questions) {
    const { channel } = channels.byQuestion.get(question)!;
    expect(failures).toEqual([]);
    expect(epsilonExact).toBe(channel.realizedEpsilon);
    expect(probabilities).toBe(channel.inputs * channel.outputs);
  }
  expect(audit.reportEpsilon).toBeCloseTo(channels.realizedEpsilon, 12);
});

it.each([
  [
    'keeps an answer more often than it says',
    (channel: QuestionChannel['channel']) => ({
      // A thousandth of what each other letter has goes to the true one.
      weight(input: number, output: number): bigint {
        const moved = channel.weight(0, 1) / 1000n;
        return channel.weight(input, output) + (input === output ? moved * BigInt(channel.outputs - 1) : -moved);
      },
    }),
    ['above-claim', 'other-than-stated'],
  ],
  [
    'has no noise',
    ({ weightTotal }: QuestionChannel['channel']) => ({
      weight: (input: number, output: number): bigint => (input === output ? weightTotal : 0n),
    }),
    ['reachability', 'above-claim', 'other-than-stated'],
  ],
  ['states less than it reveals', () => ({ realizedEpsilon: 0.01 }), ['other-than-stated']],
  [
    'claims less than the study, and reveals as much',
    ({ epsilon }: QuestionChannel['channel']) => ({ epsilon: epsilon / 2 }),
    ['above-claim'],
  ],
])('[S5] a mechanism that %s fails, and the evidence pack says so', async (_, change, failures) => {
  const channels = tampered('stay', change);
  const audit = auditSurvey(channels, survey.epsilon);
  expect(audit.passed).toBe(false);
  expect(audit.questions.map((question) => question.failures)).toEqual(
    survey.questions.map(({ id }) => (id === 'stay' ? failures : [])),
  );
  const pack = await packOf(manifest, channels);
  expect(pack).toContain('<strong>Failed.</strong>');
  expect(pack.match(/FAILED: /g)).toHaveLength(1);
});

it('[S4] a report that reveals more than the manifest allows fails, though each mechanism holds', () => {
  const channels = surveyChannels(survey);
  const audit = auditSurvey(channels, survey.epsilon / 2);
  expect(audit.questions.flatMap(({ failures }) => failures)).toEqual([]);
  expect(audit.passed).toBe(false);
});

async function packOf(of: Manifest, channels: SurveyChannels): Promise<string> {
  const study = { manifest: of, hash: await manifestHash(of), channels, publishedAt: '2026-11-01T08:00:00.000Z' };
  const at = '2026-11-02T08:00:00.000Z';
  const audit = auditSurvey(channels, of.survey!.epsilon);
  const check = { sequence: 0, hash: null, finding: null };
  return evidencePack({ study, audit, state: 'open', daysKept: null, spent: [], entries: [], check, at });
}
