import { planQuestion, type Question } from '@chorale/privacy/forecast';
import { questionVerdict } from '@chorale/protocol/verdicts';
import { Command, InvalidArgumentError, Option } from 'commander';
import { calculate, parseNumber, parseWholeNumber } from './command-errors.ts';
import { parseMechanism } from './mechanism-name.ts';
import { printFields, printJson } from './print.ts';

type Options = {
  question: Question;
  report: 'favourable' | 'distribution' | 'mean' | 'enps';
  epsilon: number;
  respondents: number;
  questions: number;
  share?: number;
  mechanism?: string;
  groupSize: number;
  json?: true;
};

/** `chorale plan`: what margin a question will have, before it is asked. */
export function planCommand(): Command {
  return new Command('plan')
    .description('forecast the margin of a question before launch')
    .requiredOption(
      '--question <TYPE>',
      'scale:POINTS, choice:OPTIONS, yesno or number[:MINIMUM:MAXIMUM]',
      parseQuestion,
    )
    .addOption(
      new Option('--report <WHAT>', 'what the question is for')
        .choices(['favourable', 'distribution', 'mean', 'enps'])
        .makeOptionMandatory(),
    )
    .requiredOption('--epsilon <E>', 'privacy loss of the whole report', parseNumber)
    .requiredOption('--respondents <N>', 'people who send a report', parseWholeNumber)
    .option('--questions <D>', 'such questions that share epsilon', parseWholeNumber, 1)
    .option(
      '--share <F>',
      'true share assumed, for means the place on the scale from 0 to 1, for enps the promoters (default: the worst case)',
      parseNumber,
    )
    .option(
      '--mechanism <NAME>',
      'insist on a mechanism: for shares grr, ss, oue or olh, for means duchi or hybrid',
      parseMechanism,
    )
    .option('--group-size <M>', 'fewest respondents that are shown', parseWholeNumber, 1)
    .option('--json', 'print one JSON object; numbers that are infinite are null')
    .action(({ json, groupSize: minimumGroupSize, ...options }: Options) => {
      const plan = calculate(() => planQuestion({ ...options, minimumGroupSize }));
      const { mechanism, realizedEpsilon, p, q, standardError, margin95, minimumRespondents } = plan;
      const verdict = questionVerdict(plan, { report: options.report, minimumGroupSize });
      const fields = { mechanism, realizedEpsilon, p, q, standardError, margin95, minimumRespondents, verdict };
      if (json) printJson(fields);
      else printFields(fields);
    });
}

/** `scale:5` has the points 1 to 5; a number without bounds lies between 0 and 1. */
function parseQuestion(text: string): Question {
  const [type = '', ...numbers] = text.split(':');
  const [first, second] = numbers.map(parseNumber);
  if ((type === 'scale' || type === 'choice') && numbers.length === 1 && first !== undefined) {
    return { type, options: parseWholeNumber(String(first)) };
  }
  if (type === 'yesno' && numbers.length === 0) return { type };
  if (type === 'number' && numbers.length === 0) return { type, minimum: 0, maximum: 1 };
  if (type === 'number' && numbers.length === 2) return { type, minimum: first!, maximum: second! };
  throw new InvalidArgumentError('It must be scale:POINTS, choice:OPTIONS, yesno or number[:MINIMUM:MAXIMUM].');
}
