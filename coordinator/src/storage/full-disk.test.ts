import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { mountSmallDisk } from '../../testing/small-disk.ts';
import { SqliteStore } from './sqlite-store.ts';

const disk = mountSmallDisk({ mebibytes: 4 });
const missing = 'missing' in disk ? ` (skipped: ${disk.missing})` : '';
const time = '2026-11-01T00:00:00.000Z';
const report = (participant: string) => ({
  study: 'pulse',
  participant,
  group: 'sales',
  text: participant.padEnd(2000, '.'),
  receivedAt: time,
});

describe.skipIf(missing)(`SqliteStore on a full disk${missing}`, () => {
  afterAll(() => ('missing' in disk ? undefined : disk.unmount()));

  it('[S10] refuses what it cannot write, loses nothing acknowledged, and goes on once there is space', async () => {
    if ('missing' in disk) return;
    const store = await SqliteStore.open(disk.folder);
    onTestFinished(() => store.close());
    await store.putStudy({ id: 'pulse', hash: 'h', manifest: '{}', publishedAt: time });
    await store.openRound({
      study: 'pulse',
      round: 1,
      kind: 'train',
      state: 'open',
      modelRound: 0,
      cohort: 1,
      accepted: 0,
      dropouts: 0,
      startedAt: time,
      endedAt: null,
      reason: null,
      histogram: null,
      shape: null,
    });
    const [open] = await store.readRounds('pulse');
    const committed = { ...open!, state: 'committed', endedAt: time } as const;
    const model = { study: 'pulse', modelRound: 1, parameters: new Float32Array(1000).fill(1) };
    const acknowledged: string[] = [];

    // Twice, so that the way back is no accident.
    for (const attempt of ['first', 'second']) {
      disk.fill();
      const refused: string[] = [];
      for (let i = 0; refused.length < 20; i += 1) {
        // Four at a time: what is refused must not take its companions' acknowledgements along, or theirs it.
        const names = [0, 1, 2, 3].map((at) => `${attempt}-${i}-${at}`);
        const outcomes = await Promise.allSettled(names.map((name) => store.addReport(report(name))));
        outcomes.forEach((outcome, at) => {
          if (outcome.status === 'fulfilled') return acknowledged.push(names[at]!);
          expect(outcome.reason).toMatchObject({ name: 'StorageError', code: 'STORAGE_UNAVAILABLE' });
          expect(String(outcome.reason)).toMatch(/the disk (is full|failed)$/);
          return refused.push(names[at]!);
        });
      }
      await expect(store.ready()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      await expect(store.endRound(committed, model)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      const stored = await store.readReports('pulse', { after: 0, limit: 100_000 });
      expect(stored.map(({ participant }) => participant)).toEqual(acknowledged);
      expect(await store.readRounds('pulse')).toEqual([open]);

      disk.free();
      await store.ready();
      for (const name of refused) {
        expect(await store.addReport(report(name))).toMatchObject({ state: 'stored' });
        acknowledged.push(name);
      }
    }
    await store.endRound(committed, model);
    await store.close();

    const again = await SqliteStore.open(disk.folder);
    onTestFinished(() => again.close());
    const stored = await again.readReports('pulse', { after: 0, limit: 100_000 });
    expect(stored.map(({ participant }) => participant)).toEqual(acknowledged);
    expect(await again.readRounds('pulse')).toEqual([committed]);
    expect(await again.latestModel('pulse')).toEqual(model);
  });
});
