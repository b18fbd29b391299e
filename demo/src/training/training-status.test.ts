import type { TrainingEvent } from '@chorale/sdk';
import { expect, test } from 'vitest';
import { startingStatus, statusSentence, trainingStatus } from './training-status.ts';

const after = (...events: TrainingEvent[]) => events.reduce(trainingStatus, startingStatus(10));
const words = { quorum: 2, clients: 'sites' };
const waiting: TrainingEvent = { type: 'waiting', for: 'cohort', committedRounds: 3, totalRounds: 10 };
const started = (round: number, kind: 'train' | 'evaluate' = 'train'): TrainingEvent => ({
  type: 'round-started',
  round,
  kind,
  modelRound: 3,
  deadlineMs: 1000,
});

test('a round that was sent and committed is listed as both, and the tab waits for the next', () => {
  const status = after(
    waiting,
    started(5),
    { type: 'local-progress', round: 5, step: 7, steps: 20 },
    { type: 'update-sent', round: 5, bytes: 400, duplicate: false },
    { type: 'round-ended', round: 5, outcome: 'committed', committedRounds: 4 },
  );
  expect(status).toMatchObject({ phase: 'cohort', committedRounds: 4, step: 7, steps: 20 });
  expect(status.rounds).toEqual([{ round: 5, kind: 'train', given: 'sent', outcome: 'committed', message: '' }]);
});

test('rounds are listed newest first, one that is invited to again only once', () => {
  const status = after(waiting, started(5), started(6, 'evaluate'), started(6, 'evaluate'));
  expect(status.rounds.map(({ round }) => round)).toEqual([6, 5]);
  expect(statusSentence(status, words)).toContain('testing the model');
});

test('a refusal says which round and why', () => {
  const status = after(waiting, started(5), {
    type: 'refused',
    round: 5,
    code: 'ROUND_CLOSED',
    message: 'it ended before.',
  });
  expect(statusSentence(status, words)).toBe('Round 5: this tab gave nothing. it ended before.');
});

test('waiting for a cohort says how many it takes', () => {
  expect(statusSentence(after(waiting), words)).toContain('at least 2 sites');
});
