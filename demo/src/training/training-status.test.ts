import type { TrainingEvent } from '@chorale/sdk';
import { expect, test } from 'vitest';
import { isOver, startingStatus, statusSentence, trainingStatus } from './training-status.ts';

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

test('a round that had enough before this tab was done says that nothing was sent', () => {
  const status = after(waiting, started(7), {
    type: 'round-ended',
    round: 7,
    outcome: 'closed',
    made: false,
    committedRounds: 4,
  });
  expect(status.rounds).toMatchObject([{ round: 7, given: 'unneeded', outcome: 'closed' }]);
  expect(statusSentence(status, words)).toBe(
    'Round 7 had enough updates; nothing of yours was sent. Waiting for the next round: it needs at least 2 sites, each in a tab of its own.',
  );
  expect(statusSentence(trainingStatus(status, started(8)), words)).not.toContain('Round 7');
});

test('a round that had enough while this tab was sending says that it does not count, and is not free', () => {
  const status = after(started(7), {
    type: 'round-ended',
    round: 7,
    outcome: 'closed',
    made: true,
    committedRounds: 4,
  });
  expect(status.rounds).toMatchObject([{ round: 7, given: 'uncounted', outcome: 'closed' }]);
  expect(statusSentence(status, words)).toContain('yours is not counted, and what it cost stays spent.');
});

test.each([
  [500, 'in a minute'],
  [61_000, 'in 2 minutes'],
  [91 * 60_000, 'in 2 hours'],
  [2 ** 32, 'in 50 days'],
])('a coordinator that asks to come back in %d ms asks so %s', (comeBackMs, words_) => {
  const status = after({ type: 'waiting', for: 'later', comeBackMs, committedRounds: 3, totalRounds: 10 });
  expect(status).toMatchObject({ phase: 'later', committedRounds: 3 });
  expect(statusSentence(status, words)).toContain(`The coordinator asks to come back ${words_};`);
});

test('a task of one round says so when it is done', () => {
  const done = trainingStatus(startingStatus(1), { type: 'done', committedRounds: 1 });
  expect(statusSentence(done, words)).toMatch(/^Done: the one round is committed\./);
  expect(statusSentence(after({ type: 'done', committedRounds: 10 }), words)).toMatch(/^Done: all 10 rounds are/);
});

test('[B8] a browser that has contributed as often as it may is thanked, and nothing more is wanted of it', () => {
  const status = after(
    waiting,
    started(7),
    { type: 'update-sent', round: 7, bytes: 400, duplicate: false },
    { type: 'round-ended', round: 7, outcome: 'committed', committedRounds: 4 },
    { type: 'ended', code: 'PARTICIPATION_USED', message: 'used' },
  );
  expect(isOver(status)).toBe(true);
  expect(statusSentence(status, words)).toMatch(/^Thank you: this browser has contributed as often/);
  expect(isOver(after(waiting, { type: 'ended', code: 'BUDGET_EXCEEDED', message: 'spent' }))).toBe(true);
  expect(isOver(after(waiting))).toBe(false);
});
