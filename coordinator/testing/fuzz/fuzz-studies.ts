import { type Manifest, parseManifest } from '@chorale/protocol';
import { siteTask, trainedManifest } from '../../src/rounds/testing/study.ts';
import { pulseStudy } from '../pulse-study.ts';

/** Groups of each study that fuzzers and honest clients belong to. */
export const FUZZ_GROUPS = { voices: 'sales', rounds: 'north', bait: 'sales' } as const;

/** Honest clients that train. */
export const TRAINERS = 3;

/**
 * Two studies of honest clients, a survey and a training, and one that whoever fuzzes is invited to: so
 * every handler is reached with tokens that are valid, and nothing of it may show in the other two.
 */
export function fuzzStudies({ rounds }: { rounds: number }): { voices: Manifest; rounds: Manifest; bait: Manifest } {
  const long = 600_000;
  const training = siteTask({
    clients: 'employee',
    participation: { atMost: rounds },
    rounds,
    privacy: { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 0, delta: 1e-6 },
    cohort: { size: TRAINERS, overSelection: 1, quorum: TRAINERS, selectionTimeoutMs: long, deadlineMs: long },
  });
  const bait = siteTask({ rounds: 10_000, cohort: { size: 3, quorum: 1, selectionTimeoutMs: 20, deadlineMs: 300 } });
  return {
    voices: pulseStudy({ id: 'voices' }),
    rounds: trainedManifest(training, 'rounds'),
    bait: parseManifest({ ...pulseStudy({ id: 'bait' }), simulated: true, training: bait }),
  };
}
