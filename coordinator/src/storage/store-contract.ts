import { describe, expect, it } from 'vitest';
import { committed, openRound, openWithStudy, report, study, type StorePlace } from './contract-records.ts';
import { describeReports } from './report-contract.ts';
import { describeRounds } from './round-contract.ts';

/** What every store does, whatever it is made of. */
export function describeStore(name: string, at: StorePlace): void {
  describe(`${name}: studies`, () => {
    it('[S2] keeps the first manifest of an id and refuses another', async () => {
      const store = await openWithStudy(at);
      expect(await store.putStudy(study('pulse'))).toBe('unchanged');
      await expect(store.putStudy(study('pulse', 'sha256-other'))).rejects.toMatchObject({ code: 'STUDY_CONFLICT' });
      expect(await store.getStudy('pulse')).toEqual(study('pulse'));
    });

    it('lists studies in the order of their publication', async () => {
      const store = await openWithStudy(at);
      expect(await store.putStudy(study('exit'))).toBe('created');
      await store.putStudy(study('pulse'));
      expect(await store.listStudies()).toEqual([study('pulse'), study('exit')]);
      expect(await store.getStudy('unknown')).toBeNull();
    });
  });

  describeReports(name, at);
  describeRounds(name, at);

  describe(`${name}: as a whole`, () => {
    it('tells what it holds at one moment, its reports by how far they go', async () => {
      const store = await openWithStudy(at);
      await store.putStudy(study('exit'));
      await store.putStudy(study('empty'));
      for (const participant of ['ann', 'bob']) await store.addReport(report(participant));
      await store.addReport(report('ann', { study: 'exit' }));
      await store.openRound(openRound);
      const model = { study: 'pulse', modelRound: 1, parameters: new Float32Array([1, -2]) };
      await store.endRound(committed, model);
      const value = await store.secret('one', 8);
      const lastOf = async (id: string) => (await store.readReports(id, { after: 0, limit: 9 })).at(-1)?.sequence;
      expect(await store.snapshot()).toEqual({
        studies: [study('pulse'), study('exit'), study('empty')],
        reports: [
          { study: 'exit', count: 1, lastSequence: await lastOf('exit') },
          { study: 'pulse', count: 2, lastSequence: await lastOf('pulse') },
        ],
        rounds: [committed],
        models: [model],
        participations: [],
        secrets: [{ name: 'one', value }],
        persons: [],
        drafts: [],
        ends: [],
        log: [],
      });
    });

    it('says that it is ready, again and again, without a trace in what it holds', async () => {
      const store = await openWithStudy(at);
      const before = await store.snapshot();
      await store.ready();
      await Promise.all([store.ready(), store.ready()]);
      expect(await store.snapshot()).toEqual(before);
    });

    it('is not ready once it is closed', async () => {
      const store = await openWithStudy(at);
      await store.close();
      await expect(store.ready()).rejects.toMatchObject({ name: 'StorageError', code: 'STORAGE_UNAVAILABLE' });
    });
  });

  describe(`${name}: across restarts`, () => {
    it('has everything again after it was closed', async () => {
      const place = at.newPlace();
      const store = await openWithStudy(at, place);
      await store.addReport(report('ann'));
      await store.openRound(openRound);
      const optimizer = new Float32Array([0.25, -4]);
      const model = { study: 'pulse', modelRound: 7, parameters: new Float32Array([1, 2]), optimizer };
      await store.endRound(committed, model);
      const secret = await store.secret('invitation', 32);
      await store.close();

      const again = await openWithStudy(at, place);
      expect(await again.listStudies()).toEqual([study('pulse')]);
      expect(await again.readReports('pulse', { after: 0, limit: 9 })).toMatchObject([report('ann')]);
      expect(await again.readRounds('pulse')).toEqual([committed]);
      expect(await again.latestModel('pulse')).toEqual(model);
      expect(await again.secret('invitation', 32)).toEqual(secret);
    });

    it('writes what was asked for before it closes, and refuses what comes after', async () => {
      const place = at.newPlace();
      const store = await openWithStudy(at, place);
      const asked = store.addReport(report('ann'));
      const closed = store.close();
      await expect(store.addReport(report('bob'))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      await closed;
      expect(await asked).toMatchObject({ state: 'stored' });
      const again = await openWithStudy(at, place);
      expect(await again.countReports('pulse')).toBe(1);
    });

    it('makes a secret once, of the length that was asked for', async () => {
      const store = await openWithStudy(at);
      const [one, two] = await Promise.all([store.secret('one', 32), store.secret('two', 32)]);
      expect(one).toHaveLength(32);
      expect(Buffer.from(one).equals(two)).toBe(false);
      expect(await store.secret('one', 32)).toEqual(one);
      await expect(store.secret('one', 16)).rejects.toThrow(/bytes/);
    });
  });
}
