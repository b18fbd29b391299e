import * as v from 'valibot';
import { ChoraleError } from './errors.ts';
import { limits } from './limits.ts';
import type { Manifest } from './manifest.ts';
import { Identifier } from './question.ts';
import type { SurveyChannels } from './survey-channels.ts';
import { PROTOCOL_VERSION } from './version.ts';

const Index = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(limits.outputs));

/**
 * One device's randomized survey response, serialized once as JSON text and sent as that text ever after.
 * Questions that the device did not draw are absent: the draw does not depend on any answer.
 */
export const Report = v.strictObject({
  protocol: v.literal(PROTOCOL_VERSION),
  study: Identifier,
  manifest: v.pipe(v.string(), v.regex(/^sha256-[A-Za-z0-9+/]{43}=$/)),
  answers: v.pipe(
    v.array(
      v.strictObject({
        question: Identifier,
        /** Name and size of the channel, so that a report made for other parameters is refused. */
        mechanism: v.pipe(v.string(), v.maxLength(64)),
        outputs: Index,
        /** The channel's output: a letter, or the number of a set of letters. */
        letter: Index,
      }),
    ),
    v.minLength(1),
    v.maxLength(limits.questions),
  ),
});
export type Report = v.InferOutput<typeof Report>;

/**
 * Parses a report's text and checks it against the study: as many different questions as the device
 * must draw, each through the agreed channel.
 * @throws ChoraleError `MESSAGE_TOO_LARGE`, `REPORT_INVALID` or `MANIFEST_MISMATCH`.
 */
export function parseReport(
  text: string,
  study: { manifest: Manifest; hash: string; channels: SurveyChannels },
): Report {
  if (text.length > limits.reportLength) {
    throw new ChoraleError('MESSAGE_TOO_LARGE', `report: longer than ${limits.reportLength} characters`);
  }
  const result = v.safeParse(Report, parseJson(text), { abortEarly: true });
  if (!result.success) throw invalid(result.issues[0].message);
  const report = result.output;
  if (report.study !== study.manifest.id) throw invalid(`it is for study ${report.study}`);
  if (report.manifest !== study.hash) {
    throw new ChoraleError('MANIFEST_MISMATCH', 'report: made for another version of the study');
  }
  const { byQuestion, questionsPerDevice } = study.channels;
  const asked = new Set(report.answers.map((a) => a.question));
  if (asked.size !== report.answers.length) throw invalid('it answers a question twice');
  if (asked.size !== questionsPerDevice)
    throw invalid(`it must answer ${questionsPerDevice} questions, not ${asked.size}`);
  for (const answer of report.answers) {
    const spec = byQuestion.get(answer.question);
    if (spec === undefined) throw invalid(`the study has no question ${answer.question}`);
    const { mechanism, outputs } = spec.channel;
    if (answer.mechanism !== mechanism || answer.outputs !== outputs)
      throw invalid(`${answer.question}: another mechanism was agreed`);
    if (answer.letter >= outputs) throw invalid(`${answer.question}: letter must be below ${outputs}`);
  }
  return report;
}

function invalid(rule: string): ChoraleError {
  return new ChoraleError('REPORT_INVALID', `report: ${rule}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
