import type { Batch, Loss } from './engine.ts';

// Each loss goes with its canonical link (McCullagh and Nelder 1989, section 2.2.4): identity, logistic or softmax. The
// derivative of the loss by an output is then, for all three, the score less the target. Rows are equally long.

/** Outputs of so many rows as scores, in place. */
export function toScores(loss: Loss, outputs: Float64Array, rows: number): void {
  switch (loss) {
    case 'squared':
      return;
    case 'logistic':
      for (let i = 0; i < outputs.length; i += 1) outputs[i] = 1 / (1 + Math.exp(-outputs[i]!));
      return;
    case 'softmax':
      for (let row = 0; row < rows; row += 1) {
        const scores = outputs.subarray((row * outputs.length) / rows, ((row + 1) * outputs.length) / rows);
        const logSum = logSumOfExponentials(scores);
        for (let i = 0; i < scores.length; i += 1) scores[i] = Math.exp(scores[i]! - logSum);
      }
  }
}

/** What that many scores should be: 1 for the label's class, or the label itself. */
export function targets(loss: Loss, labels: Batch['labels'], scores: number): Float32Array {
  if (loss !== 'softmax') return Float32Array.from(labels);
  const oneHot = new Float32Array(scores);
  for (let row = 0; row < labels.length; row += 1) oneHot[(row * scores) / labels.length + labels[row]!] = 1;
  return oneHot;
}

/** Sum over the rows, of outputs before they are scores. */
export function sumOfLosses(loss: Loss, outputs: Float64Array, labels: Batch['labels']): number {
  const width = outputs.length / labels.length;
  let sum = 0;
  for (let row = 0; row < labels.length; row += 1)
    sum += lossOf(loss, outputs.subarray(row * width, (row + 1) * width), labels[row]!);
  return sum;
}

function lossOf(loss: Loss, outputs: Float64Array, label: number): number {
  switch (loss) {
    case 'squared':
      return (outputs[0]! - label) ** 2 / 2;
    case 'logistic': {
      // log(1 + exp(+-output)) without overflow.
      const signed = label === 1 ? -outputs[0]! : outputs[0]!;
      return Math.max(0, signed) + Math.log1p(Math.exp(-Math.abs(signed)));
    }
    case 'softmax':
      return logSumOfExponentials(outputs) - outputs[label]!;
  }
}

function logSumOfExponentials(values: Float64Array): number {
  const largest = values.reduce((a, b) => Math.max(a, b));
  return largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
}
