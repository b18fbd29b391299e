import type { IntegerChannel } from './exact-audit.ts';

const mostReports = 2 ** 20;

/**
 * The channel from a person's whole record, one letter a question, to the whole report: which questions the device
 * drew, and a letter for each of those. Two inputs may differ in every answer, so its epsilon is that of the record.
 *
 * Inputs number the records in mixed radix, the first question's letter lowest; outputs number the reports likewise,
 * one block for each set of questions.
 *
 * @param channels one for each question
 * @param questionsPerDevice integer in [1, channels.length]: so many questions, every set equally likely
 * @throws {RangeError} outside these ranges, or for more than 2**20 records or reports
 */
export function recordChannel({
  channels,
  questionsPerDevice,
}: {
  channels: readonly IntegerChannel[];
  questionsPerDevice: number;
}): IntegerChannel {
  if (
    !Number.isInteger(questionsPerDevice) ||
    questionsPerDevice < 1 ||
    questionsPerDevice > channels.length ||
    channels.length > 20
  ) {
    throw new RangeError(
      `questionsPerDevice must be an integer in [1, ${Math.min(20, channels.length)}], got ${questionsPerDevice}`,
    );
  }
  const inputs = product(channels.map((channel) => channel.inputs));
  const blocks: { asked: number[]; start: number }[] = [];
  let outputs = 0;
  for (const asked of subsets(channels.length, questionsPerDevice)) {
    blocks.push({ asked, start: outputs });
    outputs += product(asked.map((question) => channels[question]!.outputs));
  }
  if (inputs > mostReports || outputs > mostReports) {
    throw new RangeError(`channels must make at most 2**20 records and reports, got ${inputs} and ${outputs}`);
  }

  return {
    inputs,
    outputs,
    // Each set has probability 1 / C(D, r); over the product of all questions' totals its weights are integers.
    weightTotal: channels.reduce((total, channel) => total * channel.weightTotal, BigInt(blocks.length)),
    weight(input, output) {
      const { asked, start } = blocks.findLast((block) => block.start <= output)!;
      let record = input;
      let report = output - start;
      let weight = 1n;
      for (const [question, channel] of channels.entries()) {
        const letter = record % channel.inputs;
        record = (record - letter) / channel.inputs;
        if (!asked.includes(question)) {
          weight *= channel.weightTotal;
          continue;
        }
        const reported = report % channel.outputs;
        report = (report - reported) / channel.outputs;
        weight *= channel.weight(letter, reported);
      }
      return weight;
    },
  };
}

function product(factors: readonly number[]): number {
  return factors.reduce((total, factor) => total * factor, 1);
}

/** All sets of `size` of the first `count` integers. */
function subsets(count: number, size: number): number[][] {
  if (size === 0) return [[]];
  if (count < size) return [];
  return [...subsets(count - 1, size), ...subsets(count - 1, size - 1).map((set) => [...set, count - 1])];
}
