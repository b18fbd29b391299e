import {
  accountSubsampledGaussian,
  chooseChannel,
  countSupport,
  discreteGaussianVector,
  estimateShares,
  randomizedResponse,
  secureRandom,
  subsetSelection,
  unaryEncoding,
} from '@chorale/privacy';
import { privUnit } from '@chorale/privacy/updates';
import { medianMs } from './measure.ts';

/** One line: a figure, what it may be, and what it is next to a yardstick of the same run. */
type Row = { what: string; ms: number; limitMs: number; yardstick: string; ratio: number };

/** Is the privacy library fast enough for a page that answers, and a coordinator that counts? */
export async function benchPrivacy(): Promise<void> {
  const rows = [...(await accounting()), ...(await answers()), ...(await estimates()), ...(await updates())];
  console.log('privacy library');
  for (const { what, ms, limitMs, yardstick, ratio } of rows) {
    const verdict = ms < limitMs ? 'within' : 'OVER';
    console.log(
      `${what.padEnd(58)} ${ms.toFixed(1).padStart(7)} ms, ${verdict} ${limitMs} ms; ${ratio.toFixed(1)} times ${yardstick}`,
    );
  }
}

const account = (samplingRate: number, noiseMultiplier: number, steps: number) => () =>
  accountSubsampledGaussian({ samplingRate, noiseMultiplier, steps, delta: 1e-5 });

async function accounting(): Promise<Row[]> {
  const started = performance.now();
  account(0.0043, 1.1, 10_000)();
  const first = performance.now() - started;
  const one = await median(account(0.0043, 1.1, 1));
  const rows = [];
  for (const [rate, noise] of [
    [0.0043, 1.1],
    [0.01, 1],
    [0.1, 2],
    [0.5, 20],
  ] as const) {
    const ms = await median(account(rate, noise, 10_000));
    rows.push({
      what: `10,000 steps sampled at ${rate}, noise ${noise}`,
      ms,
      limitMs: 100,
      yardstick: 'one step',
      ratio: ms / one,
    });
  }
  const yardstick = 'its later ones';
  return [
    { what: 'the first such answer of a process', ms: first, limitMs: 100, yardstick, ratio: first / rows[0]!.ms },
    ...rows,
  ];
}

async function answers(): Promise<Row[]> {
  const count = 1_000;
  const words = await median(() => {
    const random = secureRandom();
    for (let i = 0; i < count; i += 1) random.nextUint64();
  });
  const mechanisms = [
    randomizedResponse({ options: 6, epsilon: 4 }),
    subsetSelection({ options: 12, epsilon: 1 }),
    unaryEncoding({ options: 12, epsilon: 1 }),
  ];
  const rows = [];
  for (const mechanism of mechanisms) {
    const ms = await median(() => {
      for (let i = 0; i < count; i += 1) mechanism.privatize(i % 6);
    });
    const what = `1,000 answers, ${mechanism.mechanism}`;
    rows.push({ what, ms, limitMs: 5, yardstick: 'their random words', ratio: ms / words });
  }
  return rows;
}

async function estimates(): Promise<Row[]> {
  const reports = 1_000_000;
  const channels = [
    chooseChannel({ options: 6, epsilon: 4 }),
    chooseChannel({ options: 12, epsilon: 1 }),
    unaryEncoding({ options: 12, epsilon: 1 }),
  ];
  const rows = [];
  for (const channel of channels) {
    const few = Array.from({ length: 10_000 }, (_, i) => channel.privatize(i % 5));
    const all = Array.from({ length: reports }, (_, i) => few[i % few.length]!);
    const summed = await median(() => {
      let sum = 0;
      for (const report of all) sum += typeof report === 'number' ? report : report[0]!;
      return sum;
    });
    const ms = await median(() => {
      const support = countSupport<(typeof all)[number]>({
        channel,
        reports: all,
        noAnswer: channel.options - 1,
      });
      return estimateShares({ ...support, confidence: 0.95 });
    });
    const what = `1,000,000 reports estimated, ${channel.mechanism}, ${channel.options} letters`;
    rows.push({ what, ms, limitMs: 1000, yardstick: 'reading them', ratio: ms / summed });
  }
  return rows;
}

async function updates(): Promise<Row[]> {
  const dimension = 10_000;
  const vector = Float64Array.from({ length: dimension }, (_, i) => Math.sin(i) / 100);
  const noise = await median(() => discreteGaussianVector({ length: dimension, noiseStddev: 50 }));
  const rows = [];
  for (const epsilon of [1, 4, 8]) {
    const mechanism = privUnit({ dimension, epsilon, clippingNorm: 1 });
    const ms = await median(() => mechanism.privatize(vector));
    const what = `PrivUnit, 10,000 coordinates, epsilon ${epsilon}, ${mechanism.candidates} candidates`;
    rows.push({ what, ms, limitMs: 20, yardstick: 'discrete Gaussian noise', ratio: ms / noise });
  }
  return rows;
}

async function median(run: () => unknown): Promise<number> {
  return medianMs(async () => run(), { runs: 9 });
}
