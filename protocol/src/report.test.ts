import { expect, test } from 'vitest';
import { sampleManifest } from '../testing/sample-manifest.ts';
import { limits, manifestHash, parseReport, PROTOCOL_VERSION, type Report, surveyChannels } from './index.ts';

const manifest = sampleManifest();
const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
const valid: Report = {
  protocol: PROTOCOL_VERSION,
  study: 'sample',
  manifest: study.hash,
  answers: ['leave', 'load'].map((question) => {
    const { mechanism, outputs } = study.channels.byQuestion.get(question)!.channel;
    return { question, mechanism, outputs, letter: 0 };
  }),
};
const answer = valid.answers[0]!;

test('[P1] a report as the protocol asks for it is accepted', () => {
  expect(parseReport(JSON.stringify(valid), study)).toEqual(valid);
});

test.each<[string, string, unknown]>([
  ['not JSON', 'REPORT_INVALID', '{'],
  ['null', 'REPORT_INVALID', null],
  ['an unknown key', 'REPORT_INVALID', { ...valid, raw: 5 }],
  ['another study', 'REPORT_INVALID', { ...valid, study: 'other' }],
  ['another manifest', 'MANIFEST_MISMATCH', { ...valid, manifest: `sha256-${'A'.repeat(43)}=` }],
  ['one question too few', 'REPORT_INVALID', { ...valid, answers: [answer] }],
  ['one question twice', 'REPORT_INVALID', { ...valid, answers: [answer, answer] }],
  ['an unknown question', 'REPORT_INVALID', { ...valid, answers: [answer, { ...answer, question: 'pay' }] }],
  ['a letter out of range', 'REPORT_INVALID', { ...valid, answers: [{ ...answer, letter: 3 }, valid.answers[1]] }],
  ['a fractional letter', 'REPORT_INVALID', { ...valid, answers: [{ ...answer, letter: 0.5 }, valid.answers[1]] }],
  ['another mechanism', 'REPORT_INVALID', { ...valid, answers: [{ ...answer, outputs: 4 }, valid.answers[1]] }],
  ['a text too long', 'MESSAGE_TOO_LARGE', ' '.repeat(limits.reportLength + 1)],
])('[P1] %s is refused as %s', (_, code, report) => {
  const text = typeof report === 'string' ? report : JSON.stringify(report);
  expect(() => parseReport(text, study)).toThrow(expect.objectContaining({ code }));
});
