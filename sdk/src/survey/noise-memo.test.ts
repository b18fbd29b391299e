import { seededRandom } from '@chorale/privacy/testing';
import { encodeAnswer, type QuestionChannel, surveyChannels } from '@chorale/protocol';
import { describe, expect, test } from 'vitest';
import { MemoryDeviceStore } from '../storage/memory-store.ts';
import { pulseManifest } from '../testing/pulse-study.ts';
import { fixedBits, memoizedNoise } from './noise-memo.ts';

const survey = pulseManifest().survey!;
const specs = [...surveyChannels(survey).byQuestion.values()];
const salary = specs.find((spec) => spec.kind === 'mean')!;

async function keyOf(spec: QuestionChannel): Promise<string> {
  return (await memoizedNoise(spec, { store: new MemoryDeviceStore(), random: seededRandom(1) })).key;
}

describe('memoized noise', () => {
  test('[S6] questions that differ in anything that matters have noise of their own', async () => {
    // All else equal, the epsilon of each question included.
    const changed = (id: string, change: object): QuestionChannel[] => {
      const questions = survey.questions.map((q) => (q.id === id ? Object.assign(structuredClone(q), change) : q));
      return [surveyChannels({ ...survey, questions }).byQuestion.get(id)!];
    };
    const variants = [
      ...specs,
      ...surveyChannels({ ...survey, epsilon: 12.4 }).byQuestion.values(),
      ...changed('stay', { text: 'I leave' }),
      ...changed('stay', { favourableFrom: 5 }),
      ...changed('stay', { maximum: 6 }),
      ...changed('place', {
        options: [
          { id: 'home', label: 'At home' },
          { id: 'office', label: 'In the garden' },
        ],
      }),
      ...changed('salary', { unit: 'USD' }),
    ];
    expect(new Set(await Promise.all(variants.map(keyOf))).size).toBe(variants.length);
  });

  test('[S6] a question’s id and study do not matter', async () => {
    const [stay] = survey.questions;
    const renamed = surveyChannels({ ...survey, questions: [{ ...stay!, id: 'other' }, ...survey.questions.slice(1)] });
    expect(await keyOf([...renamed.byQuestion.values()][0]!)).toBe(await keyOf(specs[0]!));
  });

  test('[S6] a number between two grid points is always rounded to the same one', async () => {
    const { noise } = await memoizedNoise(salary, { store: new MemoryDeviceStore(), random: seededRandom(3) });
    const inputs = Array.from({ length: 20 }, () => encodeAnswer(salary, 51_000, fixedBits(noise.rounding)));
    expect(new Set(inputs).size).toBe(1);
  });

  test('rounding is unbiased over devices', async () => {
    const random = seededRandom(4);
    const devices = 400;
    const steps = salary.channel.inputs - 2;
    let sum = 0;
    for (let i = 0; i < devices; i += 1) {
      const { noise } = await memoizedNoise(salary, { store: new MemoryDeviceStore(), random });
      sum += (encodeAnswer(salary, 37_000, fixedBits(noise.rounding)) - 1) / steps;
    }
    // A rounded point is off by a Bernoulli variable of stddev <= 1 / (2 steps); z = 6.11.
    expect(Math.abs(sum / devices - 0.37)).toBeLessThan((6.11 * 0.5) / steps / Math.sqrt(devices));
  });

  test('noise of another shape, as from a damaged disk, is drawn anew', async () => {
    const store = new MemoryDeviceStore();
    const { key, noise } = await memoizedNoise(salary, { store, random: seededRandom(5) });
    const base = { study: 's', manifest: 'm' };
    const commit = (letters: number[]): Promise<void> =>
      store.commitReport({
        draw: { ...base, questions: [] },
        report: { ...base, text: '', answers: {}, sent: [], epsilon: 1, createdAt: '', state: { state: 'pending' } },
        memo: [[key, { ...noise, letters }]],
        spend: {
          study: 's',
          title: '',
          kind: 'report',
          reference: '',
          privacyUnit: 'employee',
          neighboringRelation: 'replace-one',
          loss: { mechanism: 'pure', epsilon: 1 },
          at: '',
        },
      });
    await commit([999]);
    expect((await memoizedNoise(salary, { store, random: seededRandom(6) })).noise.letters).toHaveLength(
      salary.channel.inputs,
    );
    await commit(noise.letters);
    expect((await memoizedNoise(salary, { store, random: seededRandom(6) })).noise).toEqual(noise);
  });
});
