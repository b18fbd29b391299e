import { type Answers, encodeAnswer, PROTOCOL_VERSION, type SurveyChannels } from '@chorale/protocol';

/** A report as a device makes it, except that it answers the first questions instead of drawing some. */
export function reportText(
  study: { manifest: { id: string }; hash: string; channels: SurveyChannels | null },
  answers: Answers,
): string {
  const { byQuestion, questionsPerDevice } = study.channels!;
  const drawn = [...byQuestion].slice(0, questionsPerDevice);
  return JSON.stringify({
    protocol: PROTOCOL_VERSION,
    study: study.manifest.id,
    manifest: study.hash,
    answers: drawn.map(([question, spec]) => ({
      question,
      mechanism: spec.channel.mechanism,
      outputs: spec.channel.outputs,
      letter: spec.channel.privatize(encodeAnswer(spec, answers[question])),
    })),
  });
}
