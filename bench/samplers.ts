import { discreteGaussianVector, randomizedResponse } from '@chorale/privacy';
import { medianMs } from './measure.ts';

/** How many samples a second do the mechanisms draw on one core, next to bare random words? */
export async function benchSamplers(): Promise<void> {
  const samples = 200_000;
  const words = new Uint32Array(samples);
  const bare = await medianMs(
    async () => {
      for (let i = 0; i < samples; i += 16_384)
        crypto.getRandomValues(words.subarray(i, Math.min(samples, i + 16_384)));
    },
    { runs: 5 },
  );
  const channel = randomizedResponse({ options: 6, epsilon: 4 });
  const response = await medianMs(
    async () => {
      for (let i = 0; i < samples; i += 1) channel.privatize(i % 6);
    },
    { runs: 5 },
  );
  const show = (name: string, ms: number): void =>
    console.log(
      `${name.padEnd(38)} ${Math.round((samples / ms) * 1000)
        .toLocaleString('en')
        .padStart(14)} a second, ${(ms / bare).toFixed(1)} times bare words`,
    );
  console.log('samplers, 200,000 samples each');
  show('crypto.getRandomValues, 32-bit words', bare);
  show('randomized response, 6 letters', response);
  for (const noiseStddev of [2, 50, 131_072]) {
    const ms = await medianMs(async () => discreteGaussianVector({ length: samples, noiseStddev }), { runs: 5 });
    show(`discrete Gaussian, stddev ${noiseStddev}`, ms);
  }
}
