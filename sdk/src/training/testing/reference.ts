import type { Batch, Network } from '../engines/engine.ts';

/**
 * The definition, in doubles and slowly: every example's gradient is built whole, measured, scaled and
 * added, nothing inferred from its factors.
 */
export function referenceClippedGradientSum(
  network: Network,
  parameters: ArrayLike<number>,
  batch: Batch,
  exampleClippingNorm: number,
): { gradientSum: number[]; clippedFraction: number } {
  const gradientSum = Array.from({ length: parameters.length }, () => 0);
  let clipped = 0;
  for (let row = 0; row < batch.rows; row += 1) {
    const gradient = exampleGradient(network, parameters, batch, row);
    const norm = Math.hypot(...gradient);
    if (norm > exampleClippingNorm) clipped += 1;
    const factor = Math.min(1, exampleClippingNorm / norm);
    for (let i = 0; i < gradient.length; i += 1) gradientSum[i]! += factor * gradient[i]!;
  }
  return { gradientSum, clippedFraction: clipped / batch.rows };
}

/** Sum of the batch's losses. */
export function referenceLoss(network: Network, parameters: ArrayLike<number>, batch: Batch): number {
  let sum = 0;
  for (let row = 0; row < batch.rows; row += 1) {
    const outputs = forward(network, parameters, batch, row).at(-1)!;
    const label = batch.labels[row]!;
    switch (network.loss) {
      case 'logistic':
        sum += Math.log1p(Math.exp(label === 1 ? -outputs[0]! : outputs[0]!));
        break;
      case 'softmax':
        sum -= Math.log(scoresOf(network, outputs)[label]!);
        break;
      case 'squared':
        sum += (outputs[0]! - label) ** 2 / 2;
        break;
    }
  }
  return sum;
}

/** Each row's scores, row after row. */
export function referenceScores(network: Network, parameters: ArrayLike<number>, batch: Batch): number[] {
  return Array.from({ length: batch.rows }, (_, row) =>
    scoresOf(network, forward(network, parameters, batch, row).at(-1)!),
  ).flat();
}

function scoresOf({ loss }: Network, outputs: readonly number[]): number[] {
  switch (loss) {
    case 'logistic':
      return outputs.map((output) => 1 / (1 + Math.exp(-output)));
    case 'softmax': {
      const exponentials = outputs.map((output) => Math.exp(output));
      const sum = exponentials.reduce((total, value) => total + value, 0);
      return exponentials.map((value) => value / sum);
    }
    case 'squared':
      return [...outputs];
  }
}

/** Values of every layer: inputs, hidden activations, and last the outputs before they are scores. */
function forward(
  { layerSizes, activation }: Network,
  parameters: ArrayLike<number>,
  batch: Batch,
  row: number,
): number[][] {
  const values = [Array.from(batch.inputs.slice(row * layerSizes[0]!, (row + 1) * layerSizes[0]!))];
  for (let layer = 1; layer < layerSizes.length; layer += 1) {
    const inputs = values[layer - 1]!;
    values.push(
      Array.from({ length: layerSizes[layer]! }, (_, j) => {
        const sum = inputs.reduce(
          (total, input, i) => total + input * parameters[weightIndex(layerSizes, layer, i, j)]!,
          0,
        );
        const logit = sum + parameters[weightIndex(layerSizes, layer, inputs.length, j)]!;
        if (layer === layerSizes.length - 1) return logit;
        return activation === 'tanh' ? Math.tanh(logit) : Math.max(0, logit);
      }),
    );
  }
  return values;
}

function exampleGradient(network: Network, parameters: ArrayLike<number>, batch: Batch, row: number): number[] {
  const { layerSizes, activation } = network;
  const values = forward(network, parameters, batch, row);
  const gradient = Array.from({ length: parameters.length }, () => 0);
  const label = batch.labels[row]!;
  let errors = scoresOf(network, values.at(-1)!).map(
    (score, output) => score - (network.loss === 'softmax' ? Number(output === label) : label),
  );
  for (let layer = layerSizes.length - 1; layer > 0; layer -= 1) {
    const inputs = values[layer - 1]!;
    for (const [j, error] of errors.entries()) {
      for (const [i, input] of [...inputs, 1].entries()) gradient[weightIndex(layerSizes, layer, i, j)] = input * error;
    }
    const outputErrors = errors;
    errors = inputs.map((value, i) => {
      const sum = outputErrors.reduce(
        (total, error, j) => total + error * parameters[weightIndex(layerSizes, layer, i, j)]!,
        0,
      );
      return sum * (activation === 'tanh' ? 1 - value ** 2 : Number(value > 0));
    });
  }
  return gradient;
}

/** Place of one weight in the flat parameters; the bias counts as one more input. */
function weightIndex(layerSizes: readonly number[], layer: number, input: number, output: number): number {
  let offset = 0;
  for (let before = 1; before < layer; before += 1) offset += (layerSizes[before - 1]! + 1) * layerSizes[before]!;
  return offset + input * layerSizes[layer]! + output;
}
