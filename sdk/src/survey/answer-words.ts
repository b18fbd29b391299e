import { type Answer, namedLetters, type Question, type QuestionChannel } from '@chorale/protocol';

/** A raw answer as its employee would read it. */
export function rawInWords(question: Question, answer: Answer | undefined): string {
  if (answer === null || answer === undefined) return 'No answer';
  switch (question.type) {
    case 'yesno':
      return answer === true ? 'Yes' : 'No';
    case 'choice':
      return question.options.find((option) => option.id === answer)?.label ?? String(answer);
    case 'number':
      return withUnit(question, Number(answer));
    case 'scale': {
      const label =
        answer === question.minimum
          ? question.minimumLabel
          : answer === question.maximum
            ? question.maximumLabel
            : undefined;
      return label === undefined ? String(answer) : `${label} (${answer})`;
    }
  }
}

/** What an answer counts as before noise: the letter, or the grid point, that a channel's input stands for. */
export function inputInWords(spec: QuestionChannel, input: number): string {
  if (spec.kind === 'shares') return spec.letters[input]?.label ?? `letter ${input}`;
  if (input === 0) return 'No answer';
  // Inputs 1 .. inputs - 1 are the grid's points, evenly over [-1, 1].
  return onScale(spec, (2 * (input - 1)) / (spec.channel.inputs - 2) - 1);
}

/** What a letter that was sent says. A mean's letter counts as a value that noise puts far outside the scale. */
export function letterInWords(spec: QuestionChannel, letter: number): string {
  if (spec.kind === 'shares') {
    return namedLetters(spec, letter)
      .map(({ label }) => label)
      .join(' or ');
  }
  if (letter === 0) return 'No answer';
  return `Counts as ${onScale(spec, spec.channel.decode[letter] ?? Number.NaN)}`;
}

function onScale({ question }: QuestionChannel & { kind: 'mean' }, t: number): string {
  const { minimum, maximum } = question;
  return withUnit(question, Number((minimum + ((t + 1) / 2) * (maximum - minimum)).toPrecision(4)));
}

function withUnit(question: Question, value: number): string {
  const unit = question.type === 'number' ? question.unit : undefined;
  return unit === undefined ? String(value) : `${value} ${unit}`;
}
