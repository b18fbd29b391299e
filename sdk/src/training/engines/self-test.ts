import type { Batch, Network, TrainingEngine } from './engine.ts';

const timedSteps = 4;
const timingMs = 500;

export type SelfTest = { parameters: Float32Array; batch: Batch };

/** A problem that is the same everywhere: waves instead of random numbers, which nothing here needs. */
export function selfTest({ layerSizes }: Network, rows: number): SelfTest {
  const parameters: number[] = [];
  for (const [i, outputs] of layerSizes.slice(1).entries()) {
    const fanIn = layerSizes[i]!;
    for (let k = 0; k < (fanIn + 1) * outputs; k += 1) parameters.push(Math.sin(k * 1.7 + i) / Math.sqrt(fanIn));
  }
  const batch = {
    inputs: Float32Array.from({ length: rows * layerSizes[0]! }, (_, k) => Math.sin(k * 0.7)),
    labels: Uint8Array.from({ length: rows }, (_, row) => row % 2),
    rows,
  };
  return { parameters: Float32Array.from(parameters), batch };
}

/** The fastest of a few steps, so that neither compiling nor another tab counts; slow ones are not repeated. */
export async function stepMs(
  engine: TrainingEngine,
  { parameters, batch }: SelfTest,
  now: () => number,
): Promise<number> {
  let fastest = Infinity;
  const begin = now();
  for (let step = 0; step < timedSteps && (step === 0 || now() - begin < timingMs); step += 1) {
    const start = now();
    await engine.clippedGradientSum(parameters, batch, 1);
    fastest = Math.min(fastest, now() - start);
  }
  return fastest;
}

export function formatMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
