import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { simulateBriefly } from './testing/simulate-briefly.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

// On a machine that may have much else to do.
vi.setConfig({ testTimeout: 180_000 });

/** Bytes that a round may leave behind in a coordinator that goes on: its record, which is published. */
const BYTES_PER_ROUND = 3000;

it('a round leaves its record behind and nothing else', async () => {
  const samples: { rounds: number; bytes: number }[] = [];
  await simulateBriefly({
    rounds: 2400,
    isLong: true,
    mode: 'cohort',
    without: ['restarts'],
    onProgress(rounds) {
      if (rounds < (samples.length + 1) * 400) return;
      collectGarbage();
      samples.push({ rounds, bytes: process.memoryUsage().heapUsed });
    },
  });
  const [first, last] = [samples[1]!, samples.at(-1)!];
  expect(last.rounds - first.rounds).toBeGreaterThan(1000);
  expect((last.bytes - first.bytes) / (last.rounds - first.rounds)).toBeLessThan(BYTES_PER_ROUND);
});
