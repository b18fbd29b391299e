import type { Plan, QuestionReport } from '@chorale/privacy/forecast';

/** What to expect of a question, in one sentence for the person who plans it. */
export function questionVerdict(
  { verdict, asked, margin95, targetMargin, minimumRespondents }: Plan,
  { report, minimumGroupSize }: { report: QuestionReport; minimumGroupSize: number },
): string {
  if (verdict === 'hidden') {
    const people = asked < 1 ? 'fewer than one person' : `about ${Math.floor(asked)} people`;
    return `Hidden: ${people} would answer this question and results need ${minimumGroupSize}.`;
  }
  const describe = (margin: number): string =>
    report === 'mean'
      ? `${Number(margin.toPrecision(2))} on the scale`
      : `${(report === 'enps' ? margin : 100 * margin).toFixed(1)} points`;
  const needed =
    minimumRespondents === Infinity
      ? 'no number of respondents would be enough'
      : `${minimumRespondents.toLocaleString('en')} respondents are needed`;
  const aim = `${needed} for ±${describe(targetMargin)}`;
  if (margin95 === Infinity) return `Too noisy: no margin can be given for so few; ${aim}.`;
  const margin = `expect ±${describe(margin95)} with 95% confidence`;
  if (verdict === 'readable') return `Readable: ${margin}.`;
  return `${verdict === 'rough' ? 'Rough' : 'Too noisy'}: ${margin}; ${aim}.`;
}
