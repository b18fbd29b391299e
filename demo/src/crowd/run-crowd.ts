import { MemoryDeviceStore } from '@chorale/sdk/core';
import { type Answered, answerStudy, type Progress } from './answer-study.ts';
import { simulatedStudy } from './coordinator-requests.ts';
import { employees } from './employee.ts';

export type CrowdOptions = {
  /** The coordinator's origin, such as `http://localhost:8787`. */
  server: string;
  study: string;
  /** How many answer, at least 1. */
  employees: number;
  /** Of the employees' opinions; their noise is always the platform's. */
  seed: number;
  /** Part of every name: a crowd of the same name is the same people, whose second reports are refused. */
  crowd: string;
  onProgress?: (progress: Progress) => void;
};

export type CrowdSummary = Answered & { seed: number };

/**
 * Lets simulated employees answer one study.
 * @throws ChoraleError `STUDY_UNKNOWN`, `MANIFEST_INVALID` or `CONNECTION_LOST`.
 * @throws TypeError for a study that is not simulated or asks nothing.
 */
export async function runCrowd(options: CrowdOptions): Promise<CrowdSummary> {
  const { server, employees: count, seed, crowd, onProgress } = options;
  const manifest = await simulatedStudy(server, options.study);
  const person = employees(manifest, { seed, crowd });
  const people = { count, person, device: newDevice };
  return { ...(await answerStudy(manifest, { server, people, onProgress })), seed };
}

/** Nobody comes back, so no device is kept: there may be a million of them. */
function newDevice(): MemoryDeviceStore {
  return new MemoryDeviceStore();
}
