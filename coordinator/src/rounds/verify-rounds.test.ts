import { type Evaluation, manifestHash, type RoundSummary, type TrainingTask } from '@chorale/protocol';
import { describe, expect, it, test } from 'vitest';
import { summarizeTraining } from './round-summaries.ts';
import { SpentBudget } from './spent-budget.ts';
import { committedRecord, openRecord } from './testing/round-record.ts';
import { siteTask, trainedManifest } from './testing/study.ts';
import { type RoundLog, verifyRounds } from './verify-rounds.ts';

const shape = { invited: 3, accepted: 2, declined: 0, left: 1, lost: 0, late: 0 };

/** Two rounds of training, one that a restart ended, an evaluation, and a round that is under way. */
async function goodLog(task: TrainingTask = siteTask()): Promise<RoundLog> {
  const manifest = trainedManifest({ ...task, rounds: 3 });
  const records = [
    committedRecord({ shape }),
    committedRecord({ round: 2, state: 'abandoned', modelRound: 1, accepted: 0, reason: 'coordinator restarted' }),
    committedRecord({ round: 3, modelRound: 1, shape }),
    committedRecord({ round: 4, kind: 'evaluate', modelRound: 2, histogram: Array.from({ length: 20 }, () => 5) }),
    openRecord({ round: 5, modelRound: 2 }),
  ];
  const budget = new SpentBudget(manifest.training);
  const now = { state: 'training', waiting: 0, usedUp: 0, clippingNorm: 1, invited: 3, accepted: 1, budget } as const;
  const rounds = summarizeTraining({ manifest, hash: await manifestHash(manifest) }, records, now);
  return { manifest, rounds, modelRound: 2 };
}

/** The same log with one round told otherwise. */
async function tampered(round: number, change: Partial<RoundSummary>): Promise<RoundLog> {
  const log = await goodLog();
  const rounds = log.rounds.rounds.map((one) => (one.round === round ? { ...one, ...change } : one));
  return { ...log, rounds: { ...log.rounds, rounds } };
}

describe('verifyRounds', () => {
  it('[R18] finds nothing in what a coordinator says, with noise of either kind or none', async () => {
    const noises = [
      { updateNoiseMultiplier: 1, exampleNoiseMultiplier: 2 },
      { updateNoiseMultiplier: 3, exampleNoiseMultiplier: 0 },
      { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 4 },
      { updateNoiseMultiplier: 2, exampleNoiseMultiplier: 1, exampleSamplingRate: 0.1 },
      { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0 },
    ];
    for (const noise of noises) {
      const log = await goodLog(siteTask({ privacy: { ...noise, delta: 1e-6 } }));
      expect(await verifyRounds(log)).toEqual([]);
    }
    const updateMechanism = { mechanism: 'priv-unit', epsilon: 2 } as const;
    const privacy = { updateNoiseMultiplier: 0, exampleNoiseMultiplier: 0, updateMechanism, delta: 1e-6 };
    const log = await goodLog(siteTask({ clients: 'employee', privacy, participation: { atMost: 3 } }));
    expect(log.rounds.rounds.at(-1)?.spent).toMatchObject([{ privacyUnit: 'employee', epsilon: 6, delta: 0 }]);
    expect(await verifyRounds(log)).toEqual([]);
  });

  it('finds nothing where nothing has happened yet', async () => {
    const log = await goodLog();
    const rounds = { ...log.rounds, rounds: [], committedRounds: 0 };
    expect(await verifyRounds({ ...log, rounds, modelRound: null })).toEqual([]);
  });

  const figures: Evaluation = {
    label: 'binary',
    rows: 100,
    auc: 0.9,
    aucLower: 0.8,
    aucUpper: 1,
    accuracy: 0.9,
    accuracyLower: 0.8,
    accuracyUpper: 1,
  };
  const spent = [{ privacyUnit: 'site', neighboringRelation: 'replace-one', epsilon: 0.1, delta: 1e-6 }] as const;
  test.each<[string, number, Partial<RoundSummary>, RegExp]>([
    [
      'a smaller epsilon',
      3,
      { spent: [...spent] },
      /round 3: says epsilon 0.1 of one site was spent; by the log it is/,
    ],
    ['no epsilon', 1, { spent: [] }, /round 1: says nothing that has a guarantee was spent/],
    ['another kind', 4, { kind: 'train', evaluation: null }, /round 4: .*; by the log it is/],
    ['a number that was left out', 3, { round: 7 }, /round 7: has a number where 3 follows/],
    ['a commit below the quorum', 1, { accepted: 1, shape: { ...shape, accepted: 1, left: 2 } }, /1 of a quorum of 2/],
    ['more than were asked', 1, { accepted: 4, shape: null }, /accepted 4 of a cohort of 3/],
    ['a model that was not there', 3, { modelRound: 0 }, /started from the model after 0 rounds where 1 are committed/],
    ['an abandoned round told as committed', 2, { state: 'committed' }, /round 2: .*coordinator restarted/],
    ['a commit told as abandoned', 3, { state: 'abandoned', reason: 'why not' }, /the log has 1/],
    ['an end before the start', 1, { endedAt: '2026-10-01T00:00:00.000Z' }, /ended before it started/],
    ['no end', 1, { endedAt: null }, /is committed and has not ended/],
    ['clients that are nowhere', 1, { shape: { ...shape, left: 0 } }, /does not add up/],
    ['two counts', 1, { accepted: 3 }, /accepted 3 by one count and 2 by another/],
    ['figures of a round that trained', 1, { evaluation: figures }, /figures/],
  ])('finds %s', async (_, round, change, finding) => {
    expect((await verifyRounds(await tampered(round, change))).join('\n')).toMatch(finding);
  });

  it('finds a model that is not the one of the log, rounds of another study, and too many of them', async () => {
    const log = await goodLog();
    expect(await verifyRounds({ ...log, modelRound: 1 })).toEqual([
      'the model is the one after 1 rounds, the log has 2',
    ]);
    const foreign = { ...log, rounds: { ...log.rounds, manifest: 'sha256-other' } };
    expect((await verifyRounds(foreign)).join()).toMatch(/those of study sha256-other/);
    const short = { ...log.manifest, training: { ...log.manifest.training, rounds: 1 } };
    expect((await verifyRounds({ ...log, manifest: short })).join()).toMatch(/2 rounds are committed of a task of 1/);
  });
});
