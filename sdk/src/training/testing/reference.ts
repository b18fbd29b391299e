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

/** Sum of the batch's binary cross-entropies, in nats. */
export function referenceLoss(network: Network, parameters: ArrayLike<number>, batch: Batch): number {
  let loss = 0;
  for (let row = 0; row < batch.rows; row += 1) {
    const logit = forward(network, parameters, batch, row).at(-1)![0]!;
    // log(1 + exp(+-logit)) without overflow.
    const signed = batch.labels[row] === 1 ? -logit : logit;
    loss += Math.max(0, signed) + Math.log1p(Math.exp(-Math.abs(signed)));
  }
  return loss;
}

/** Probability of the positive label for each row. */
export function referenceScores(network: Network, parameters: ArrayLike<number>, batch: Batch): number[] {
  return Array.from(
    { length: batch.rows },
    (_, row) => 1 / (1 + Math.exp(-forward(network, parameters, batch, row).at(-1)![0]!)),
  );
}

/** Values of every layer: inputs, hidden activations, and last the logit. */
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
  let errors = [1 / (1 + Math.exp(-values.at(-1)![0]!)) - batch.labels[row]!];
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
