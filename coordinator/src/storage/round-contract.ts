import { describe, expect, it } from 'vitest';
import { committed, modelOf, openRound, openWithStudy, type StorePlace } from './contract-records.ts';

/** What every store does with rounds, their models and who took part. */
export function describeRounds(name: string, at: StorePlace): void {
  describe(`${name}: rounds`, () => {
    it('[R13] ends a round together with its model', async () => {
      const store = await openWithStudy(at);
      await store.openRound(openRound);
      expect(await store.readRounds('pulse')).toEqual([openRound]);
      expect(await store.latestModel('pulse')).toBeNull();
      const parameters = new Float32Array([0.5, -1.25, 3e-20]);
      await store.endRound(committed, { study: 'pulse', modelRound: 1, parameters });
      expect(await store.readRounds('pulse')).toEqual([committed]);
      expect(await store.latestModel('pulse')).toEqual({ study: 'pulse', modelRound: 1, parameters });
    });

    it('[R13] keeps neither the round nor the model when one of them cannot be kept', async () => {
      const store = await openWithStudy(at);
      await store.openRound(openRound);
      const model = { study: 'unknown', modelRound: 1, parameters: new Float32Array(2) };
      await expect(store.endRound(committed, model)).rejects.toThrow();
      expect(await store.readRounds('pulse')).toEqual([openRound]);
      await store.endRound(committed, { ...model, study: 'pulse' });
      expect(await store.readRounds('pulse')).toEqual([committed]);
    });

    it('[R13] keeps neither of them where others are written at the same time, and keeps those', async () => {
      const store = await openWithStudy(at);
      await store.openRound(openRound);
      const model = { study: 'unknown', modelRound: 1, parameters: new Float32Array(2) };
      const second = { ...openRound, round: 2 };
      const outcomes = await Promise.allSettled([
        store.openRound(second),
        store.endRound(committed, model),
        store.openRound({ ...openRound, round: 3, study: 'unknown' }),
        store.openRound({ ...openRound, round: 4 }),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
      expect(await store.readRounds('pulse')).toEqual([openRound, second, { ...openRound, round: 4 }]);
    });

    it('never uses a round number twice, and ends a round once', async () => {
      const store = await openWithStudy(at);
      await store.openRound(openRound);
      await expect(store.openRound(openRound)).rejects.toThrow();
      await store.endRound(committed, null);
      await expect(store.endRound({ ...committed, state: 'abandoned' }, null)).rejects.toThrow(/not open/);
      expect(await store.readRounds('pulse')).toEqual([committed]);
    });

    it('[R2] [R13] opens the next round with the end of one, all or nothing', async () => {
      const store = await openWithStudy(at);
      await store.openRound(openRound);
      const model = { study: 'pulse', modelRound: 1, parameters: new Float32Array(2) };
      const next = { ...openRound, round: 2, modelRound: 1 };
      for (const unfit of [
        { ...next, round: 1 },
        { ...next, study: 'unknown' },
        { ...committed, round: 2 },
      ]) {
        await expect(store.endRound(committed, { ...model }, { next: unfit })).rejects.toThrow();
        expect(await store.readRounds('pulse')).toEqual([openRound]);
        expect(await store.latestModel('pulse')).toBeNull();
      }
      await store.endRound(committed, { ...model }, { next });
      expect(await store.readRounds('pulse')).toEqual([committed, next]);
      expect(await store.latestModel('pulse')).toEqual(model);
      // A repeat changes nothing.
      const third = { ...next, round: 3 };
      await expect(store.endRound(committed, null, { next: third })).rejects.toThrow(/not open/);
      expect(await store.readRounds('pulse')).toEqual([committed, next]);
    });

    it.each([1, 0])('[R13] refuses model %i where model 1 is stored, and leaves the round open', async (modelRound) => {
      const store = await openWithStudy(at);
      const optimizer = new Float32Array([5, 6]);
      const model = { study: 'pulse', modelRound: 1, parameters: new Float32Array([1, 2]), optimizer };
      await store.openRound(openRound);
      await store.endRound(committed, model);
      const second = { ...openRound, round: 2 };
      await store.openRound(second);
      const stale = { ...model, modelRound, parameters: new Float32Array([3, 4]), optimizer: new Float32Array([7, 8]) };
      await expect(store.endRound({ ...committed, round: 2 }, stale)).rejects.toThrow(/modelRound must be above/);
      expect(await store.latestModel('pulse')).toEqual(model);
      expect(await store.readRounds('pulse')).toEqual([committed, second]);
    });

    it('[T4] keeps what the rule of the server remembers with each model, and nothing where there is nothing', async () => {
      const store = await openWithStudy(at);
      const models = [modelOf(1, 0.5, -1.25, 3e-20, 1e30), modelOf(2, 7, 8, 9, 10), modelOf(3)];
      for (const [i, each] of models.entries()) {
        await store.openRound({ ...openRound, round: i + 1 });
        await store.endRound({ ...committed, round: i + 1 }, { ...each });
        expect(await store.latestModel('pulse')).toStrictEqual(each);
        expect((await store.snapshot()).models).toStrictEqual([each]);
      }
    });

    it('[R15] abandons the rounds that are open, and no others', async () => {
      const store = await openWithStudy(at);
      await store.openRound(openRound);
      await store.endRound(committed, null);
      await store.openRound({ ...openRound, round: 2, kind: 'evaluate' });
      const restart = { study: 'pulse', reason: 'restarted', endedAt: '2026-11-04T00:00:00.000Z' };
      expect(await store.abandonOpenRounds({ ...restart, study: 'another' })).toBe(0);
      expect(await store.abandonOpenRounds(restart)).toBe(1);
      expect(await store.abandonOpenRounds({ ...restart, endedAt: '2026-11-05T00:00:00.000Z' })).toBe(0);
      expect(await store.readRounds('pulse')).toMatchObject([
        { round: 1, state: 'committed', reason: null },
        { round: 2, state: 'abandoned', reason: 'restarted', endedAt: '2026-11-04T00:00:00.000Z' },
      ]);
    });

    it('keeps what became of a cohort', async () => {
      const store = await openWithStudy(at);
      await store.openRound(openRound);
      const shape = { invited: 9, accepted: 4, declined: 1, left: 2, lost: 2, late: 1 };
      await store.endRound({ ...committed, shape }, null);
      expect(await store.readRounds('pulse')).toEqual([{ ...committed, shape }]);
    });

    it('[R25] counts who has taken part in how many rounds, and in which last, with the end of each or not at all', async () => {
      const store = await openWithStudy(at);
      const all = async () =>
        (await store.readParticipations('pulse')).toSorted((a, b) => a.participant.localeCompare(b.participant));
      expect(await all()).toEqual([]);
      for (const [round, participants] of [
        [1, ['ann', 'bob']],
        [2, []],
        [4, ['bob']],
      ] as const) {
        await store.openRound({ ...openRound, round });
        const state = round === 4 ? 'abandoned' : 'committed';
        await store.endRound({ ...committed, round, state, reason: null }, null, { participants });
      }
      // A round that has ended does not end again, and costs nobody anything.
      await expect(store.endRound({ ...committed, round: 4 }, null, { participants: ['ann'] })).rejects.toThrow();
      const known = { study: 'pulse', updates: 1, latestRound: 1 };
      const expected = [
        { ...known, participant: 'ann' },
        { ...known, participant: 'bob', updates: 2, latestRound: 4 },
      ];
      expect(await all()).toEqual(expected);
      expect(await store.readParticipations('other')).toEqual([]);
      expect((await store.snapshot()).participations).toEqual(expected);
    });

    it('keeps the histogram of an evaluation', async () => {
      const store = await openWithStudy(at);
      await store.openRound({ ...openRound, kind: 'evaluate' });
      const histogram = [4, 0, -3, 12];
      await store.endRound({ ...committed, kind: 'evaluate', histogram }, null);
      expect(await store.readRounds('pulse')).toMatchObject([{ kind: 'evaluate', histogram }]);
    });
  });
}
