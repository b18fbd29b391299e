import { ChoraleError } from '@chorale/protocol';
import { MemoryDeviceStore } from '@chorale/sdk/core';
import { answerStudy } from './answer-study.ts';
import { simulatedStudy, wavesOf } from './coordinator-requests.ts';
import type { CrowdOptions, CrowdSummary } from './run-crowd.ts';
import { participants } from './workforce.ts';

export type WavesOptions = Omit<CrowdOptions, 'study'> & {
  series: string;
  /** How many of the series' waves are answered, the first ones, at least 1. */
  waves: number;
};

/**
 * Lets the same company answer one wave of a series after the other. Who answers again does so on the device of
 * before: with its ledger, which may refuse, and its memoized noise, so that the same answer sends the same letter.
 * @throws ChoraleError `STUDY_UNKNOWN` where the series has fewer waves; else as `runCrowd`.
 */
export async function runWaves({ series, waves, ...options }: WavesOptions): Promise<CrowdSummary[]> {
  const { server, employees: places, seed, crowd, onProgress } = options;
  const studies = await wavesOf(server, series);
  if (studies.length < waves) {
    throw new ChoraleError(
      'STUDY_UNKNOWN',
      `series ${series} has ${studies.length} waves here, and ${waves} were asked for: npx chorale study put publishes more`,
    );
  }
  const devices = new Map<string, MemoryDeviceStore>();
  const device = ({ name }: { name: string }): MemoryDeviceStore => {
    const store = devices.get(name) ?? new MemoryDeviceStore();
    devices.set(name, store);
    return store;
  };
  const summaries: CrowdSummary[] = [];
  for (const [index, study] of studies.slice(0, waves).entries()) {
    const manifest = await simulatedStudy(server, study);
    const present = participants(manifest, { seed, crowd, places, wave: index + 1 });
    const people = { count: present.length, person: (i: number) => present[i]!, device };
    summaries.push({ ...(await answerStudy(manifest, { server, people, onProgress })), seed });
  }
  return summaries;
}
