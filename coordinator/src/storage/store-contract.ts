import { describe, expect, it, onTestFinished } from 'vitest';
import { openRecord } from '../rounds/testing/round-record.ts';
import type { ModelRecord, ReportRecord, RoundRecord, Store, StudyRecord } from './store.ts';

const study = (id: string, hash = `sha256-${id}`): StudyRecord => ({
  id,
  hash,
  manifest: `{"id":"${id}"}`,
  publishedAt: '2026-11-01T08:00:00.000Z',
});

const report = (participant: string, change: Partial<ReportRecord> = {}): ReportRecord => ({
  study: 'pulse',
  participant,
  group: 'sales',
  text: `{"from":"${participant}"}`,
  receivedAt: '2026-11-02T09:00:00.000Z',
  ...change,
});

const openRound = openRecord({ study: 'pulse', startedAt: '2026-11-03T10:00:00.000Z' });
const committed: RoundRecord = {
  ...openRound,
  state: 'committed',
  accepted: 2,
  dropouts: 1,
  endedAt: '2026-11-03T10:01:00.000Z',
};

const modelOf = (modelRound: number, ...optimizer: number[]): ModelRecord => ({
  study: 'pulse',
  modelRound,
  parameters: new Float32Array([modelRound, 2]),
  ...(optimizer.length === 0 ? {} : { optimizer: new Float32Array(optimizer) }),
});

/**
 * What every store does, whatever it is made of.
 * @param open opens the same store again after it was closed; a store of its own for each `place`
 */
export function describeStore(
  name: string,
  { newPlace, open }: { newPlace: () => string; open: (place: string) => Promise<Store> },
): void {
  /** A store with the study that reports and rounds belong to. */
  const openWithStudy = async (place = newPlace()): Promise<Store> => {
    const store = await open(place);
    onTestFinished(() => store.close());
    await store.putStudy(study('pulse'));
    return store;
  };

  describe(`${name}: studies`, () => {
    it('[S2] keeps the first manifest of an id and refuses another', async () => {
      const store = await openWithStudy();
      expect(await store.putStudy(study('pulse'))).toBe('unchanged');
      await expect(store.putStudy(study('pulse', 'sha256-other'))).rejects.toMatchObject({ code: 'STUDY_CONFLICT' });
      expect(await store.getStudy('pulse')).toEqual(study('pulse'));
    });

    it('lists studies in the order of their publication', async () => {
      const store = await openWithStudy();
      expect(await store.putStudy(study('exit'))).toBe('created');
      await store.putStudy(study('pulse'));
      expect(await store.listStudies()).toEqual([study('pulse'), study('exit')]);
      expect(await store.getStudy('unknown')).toBeNull();
    });
  });

  describe(`${name}: reports`, () => {
    it('[S8] counts the same text once, and says when it came first', async () => {
      const store = await openWithStudy();
      expect(await store.addReport(report('ann'))).toEqual({ state: 'stored', receivedAt: '2026-11-02T09:00:00.000Z' });
      const later = report('ann', { receivedAt: '2026-11-09T09:00:00.000Z' });
      expect(await store.addReport(later)).toEqual({ state: 'duplicate', receivedAt: '2026-11-02T09:00:00.000Z' });
      expect(await store.countReports('pulse')).toBe(1);
    });

    it('[S8] refuses another text of the same participant, and keeps the first', async () => {
      const store = await openWithStudy();
      await store.addReport(report('ann'));
      await expect(store.addReport(report('ann', { text: '{}' }))).rejects.toMatchObject({ code: 'REPORT_CONFLICT' });
      expect(await store.readReports('pulse', { after: 0, limit: 9 })).toMatchObject([report('ann')]);
    });

    it('[E5] reads the reports of a series in one order, and of no other study', async () => {
      const store = await openWithStudy();
      for (const [id, series] of [
        ['first', 'quarterly'],
        ['second', 'quarterly'],
        ['other', 'yearly'],
      ] as const) {
        // A series that a text only speaks of is none.
        const manifest = JSON.stringify({ id, series, title: '"series":"quarterly"' });
        await store.putStudy({ ...study(id), manifest });
      }
      const order = ['first', 'second', 'pulse', 'other', 'second', 'first'];
      for (const [i, id] of order.entries()) await store.addReport(report(`person-${i}`, { study: id }));
      const all = await store.readSeriesReports('quarterly', { after: 0, limit: 9 });
      expect(all.map((stored) => stored.participant)).toEqual(['person-0', 'person-1', 'person-4', 'person-5']);
      const page = await store.readSeriesReports('quarterly', { after: all[0]!.sequence, limit: 2 });
      expect(page).toEqual(all.slice(1, 3));
      expect(await store.readSeriesReports('pulse', { after: 0, limit: 9 })).toEqual([]);
    });

    it('[S8] lets only one of many at the same time through', async () => {
      const store = await openWithStudy();
      const texts = Array.from({ length: 50 }, (_, i) => `{"try":${i}}`);
      const outcomes = await Promise.allSettled(texts.map((text) => store.addReport(report('ann', { text }))));
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      expect(await store.countReports('pulse')).toBe(1);
    });

    it('[S8] gives reports that arrive together the outcomes that they have one by one', async () => {
      const store = await openWithStudy();
      await store.addReport(report('ann'));
      const other = { text: '{"other":1}' };
      const together = [
        report('ann'),
        report('bob'),
        report('ann', other),
        report('bob', other),
        report('bob', { receivedAt: '2026-11-09T09:00:00.000Z' }),
        report('cid', other),
      ];
      const outcomes = await Promise.allSettled(together.map((entry) => store.addReport(entry)));
      const receivedAt = '2026-11-02T09:00:00.000Z';
      expect(outcomes).toMatchObject([
        { value: { state: 'duplicate', receivedAt } },
        { value: { state: 'stored', receivedAt } },
        { reason: { code: 'REPORT_CONFLICT' } },
        { reason: { code: 'REPORT_CONFLICT' } },
        { value: { state: 'duplicate', receivedAt } },
        { value: { state: 'stored', receivedAt } },
      ]);
      const stored = await store.readReports('pulse', { after: 0, limit: 9 });
      expect(stored).toMatchObject([report('ann'), report('bob'), report('cid', other)]);
    });

    it.each([
      ['half of a surrogate pair', '{"a":"\ud800"}'],
      ['a NUL', '{"a":"\0"}'],
    ])('refuses a text with %s, which no store gives back as it was, and nothing else', async (_, text) => {
      const store = await openWithStudy();
      const [bad, good] = await Promise.allSettled([
        store.addReport(report('ann', { text })),
        store.addReport(report('bob', { text: '{"a":"\u{1f600}\\ud800"}' })),
      ]);
      expect(bad).toMatchObject({ reason: { code: 'REPORT_INVALID' } });
      expect(good).toMatchObject({ value: { state: 'stored' } });
      expect(await store.addReport(report('bob', { text: '{"a":"\u{1f600}\\ud800"}' }))).toMatchObject({
        state: 'duplicate',
      });
    });

    it('takes one report of a participant for each study', async () => {
      const store = await openWithStudy();
      await store.putStudy(study('exit'));
      await store.addReport(report('ann'));
      expect(await store.addReport(report('ann', { study: 'exit' }))).toMatchObject({ state: 'stored' });
      expect(await store.countReports('exit')).toBe(1);
    });

    it('refuses a report of an unknown study without harm to others at the same time', async () => {
      const store = await openWithStudy();
      const [before, stray, after] = await Promise.allSettled([
        store.addReport(report('ann')),
        store.addReport(report('bob', { study: 'unknown' })),
        store.addReport(report('cid')),
      ]);
      expect([before.status, after.status]).toEqual(['fulfilled', 'fulfilled']);
      expect(stray).toMatchObject({ status: 'rejected', reason: { code: 'STUDY_UNKNOWN' } });
      expect(await store.countReports('pulse')).toBe(2);
    });

    it('pages through a study in the order of arrival', async () => {
      const store = await openWithStudy();
      await store.putStudy(study('exit'));
      const everybody = ['ann', 'bob', 'cid', 'dot', 'eve'];
      for (const participant of everybody) {
        await store.addReport(report(participant));
        await store.addReport(report(participant, { study: 'exit' }));
      }
      const read: string[] = [];
      let after = 0;
      for (;;) {
        const page = await store.readReports('pulse', { after, limit: 2 });
        if (page.length === 0) break;
        read.push(...page.map((entry) => entry.participant));
        expect(page[0]!.sequence).toBeGreaterThan(after);
        after = page.at(-1)!.sequence;
      }
      expect(read).toEqual(everybody);
    });
  });

  describe(`${name}: withdrawn reports`, () => {
    const ann = { study: 'pulse', participant: 'ann', counted: 0, room: 1 };

    it('[S11] lose their text and keep their participant, in the place of a new report', async () => {
      const place = newPlace();
      const store = await openWithStudy(place);
      await store.addReport(report('ann', { withdrawal: 'hash' }));
      await store.addReport(report('bob'));
      const [first, second] = await store.readReports('pulse', { after: 0, limit: 9 });
      expect([first, await store.readReport('pulse', 'bob')]).toEqual([
        { ...report('ann', { withdrawal: 'hash' }), sequence: first!.sequence },
        second,
      ]);
      expect(await store.readReport('pulse', 'cid')).toBeNull();

      const counted = second!.sequence;
      expect(await store.withdrawReport({ ...ann, counted })).toBe('withdrawn');
      expect(await store.withdrawReport({ ...ann, room: 0 })).toBe('withdrawn');
      const [, gone, ...more] = await store.readReports('pulse', { after: 0, limit: 9 });
      expect(more).toEqual([]);
      expect(gone).toEqual({
        ...report('ann', { withdrawal: 'hash', text: '' }),
        sequence: gone!.sequence,
        withdrawnFrom: first!.sequence,
      });
      expect(gone!.sequence).toBeGreaterThan(counted);
      await store.addReport(report('cid'));
      expect((await store.readReports('pulse', { after: gone!.sequence, limit: 9 })).length).toBe(1);
      expect(await store.countReports('pulse')).toBe(2);
      await store.close();

      const again = await openWithStudy(place);
      expect(await again.readReport('pulse', 'ann')).toEqual(gone);
      for (const text of [report('ann').text, '', '{}']) {
        await expect(again.addReport(report('ann', { text }))).rejects.toMatchObject({ code: 'REPORT_WITHDRAWN' });
      }
    });

    it('[S11] stay as they are where as many of their group came since as there was room for', async () => {
      const store = await openWithStudy();
      await store.addReport(report('ann'));
      const { sequence: counted } = (await store.readReport('pulse', 'ann'))!;
      for (const participant of ['bob', 'cid']) await store.addReport(report(participant));
      await store.addReport(report('dot', { group: 'legal' }));
      await store.putStudy(study('exit'));
      await store.addReport(report('eve', { study: 'exit' }));
      expect(await store.withdrawReport({ ...ann, counted, room: 2 })).toBe('crowded');
      expect(await store.readReport('pulse', 'ann')).toMatchObject(report('ann'));
      expect(await store.withdrawReport({ ...ann, counted, room: 3 })).toBe('withdrawn');
      await expect(store.withdrawReport({ ...ann, participant: 'nobody' })).rejects.toThrow(RangeError);
    });

    it('[S11] go once, and never while a report of their group slips in beyond the room', async () => {
      const store = await openWithStudy();
      await store.addReport(report('ann'));
      const { sequence: counted } = (await store.readReport('pulse', 'ann'))!;
      const arriving = Array.from({ length: 20 }, (_, i) => store.addReport(report(`late-${i}`)));
      const asked = Array.from({ length: 5 }, () => store.withdrawReport({ ...ann, counted, room: 10 }));
      const outcomes = new Set(await Promise.all(asked));
      await Promise.all(arriving);
      const read = await store.readReports('pulse', { after: 0, limit: 99 });
      const gone = read.find(({ withdrawnFrom }) => withdrawnFrom !== undefined);
      // Those that the store had when it let go are those before it in the order.
      const before = read.filter(({ sequence }) => gone !== undefined && sequence < gone.sequence).length;
      expect(outcomes.has('withdrawn')).toBe(gone !== undefined);
      expect(before).toBeLessThan(10);
      expect(read).toHaveLength(21);
    });
  });

  describe(`${name}: rounds`, () => {
    it('[R13] ends a round together with its model', async () => {
      const store = await openWithStudy();
      await store.openRound(openRound);
      expect(await store.readRounds('pulse')).toEqual([openRound]);
      expect(await store.latestModel('pulse')).toBeNull();
      const parameters = new Float32Array([0.5, -1.25, 3e-20]);
      await store.endRound(committed, { study: 'pulse', modelRound: 1, parameters });
      expect(await store.readRounds('pulse')).toEqual([committed]);
      expect(await store.latestModel('pulse')).toEqual({ study: 'pulse', modelRound: 1, parameters });
    });

    it('[R13] keeps neither the round nor the model when one of them cannot be kept', async () => {
      const store = await openWithStudy();
      await store.openRound(openRound);
      const model = { study: 'unknown', modelRound: 1, parameters: new Float32Array(2) };
      await expect(store.endRound(committed, model)).rejects.toThrow();
      expect(await store.readRounds('pulse')).toEqual([openRound]);
      await store.endRound(committed, { ...model, study: 'pulse' });
      expect(await store.readRounds('pulse')).toEqual([committed]);
    });

    it('never uses a round number twice, and ends a round once', async () => {
      const store = await openWithStudy();
      await store.openRound(openRound);
      await expect(store.openRound(openRound)).rejects.toThrow();
      await store.endRound(committed, null);
      await expect(store.endRound({ ...committed, state: 'abandoned' }, null)).rejects.toThrow(/not open/);
      expect(await store.readRounds('pulse')).toEqual([committed]);
    });

    it('[R2] [R13] opens the next round with the end of one, all or nothing', async () => {
      const store = await openWithStudy();
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
      const store = await openWithStudy();
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
      const store = await openWithStudy();
      const models = [modelOf(1, 0.5, -1.25, 3e-20, 1e30), modelOf(2, 7, 8, 9, 10), modelOf(3)];
      for (const [i, each] of models.entries()) {
        await store.openRound({ ...openRound, round: i + 1 });
        await store.endRound({ ...committed, round: i + 1 }, { ...each });
        expect(await store.latestModel('pulse')).toStrictEqual(each);
        expect((await store.snapshot()).models).toStrictEqual([each]);
      }
    });

    it('[R15] abandons the rounds that are open, and no others', async () => {
      const store = await openWithStudy();
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
      const store = await openWithStudy();
      await store.openRound(openRound);
      const shape = { invited: 9, accepted: 4, declined: 1, left: 2, lost: 2, late: 1 };
      await store.endRound({ ...committed, shape }, null);
      expect(await store.readRounds('pulse')).toEqual([{ ...committed, shape }]);
    });

    it('[R25] counts who has taken part in how many rounds, and in which last, with the end of each or not at all', async () => {
      const store = await openWithStudy();
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
      const store = await openWithStudy();
      await store.openRound({ ...openRound, kind: 'evaluate' });
      const histogram = [4, 0, -3, 12];
      await store.endRound({ ...committed, kind: 'evaluate', histogram }, null);
      expect(await store.readRounds('pulse')).toMatchObject([{ kind: 'evaluate', histogram }]);
    });
  });

  describe(`${name}: as a whole`, () => {
    it('tells what it holds at one moment, its reports by how far they go', async () => {
      const store = await openWithStudy();
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
      const store = await openWithStudy();
      const before = await store.snapshot();
      await store.ready();
      await Promise.all([store.ready(), store.ready()]);
      expect(await store.snapshot()).toEqual(before);
    });

    it('is not ready once it is closed', async () => {
      const store = await openWithStudy();
      await store.close();
      await expect(store.ready()).rejects.toMatchObject({ name: 'StorageError', code: 'STORAGE_UNAVAILABLE' });
    });
  });

  describe(`${name}: across restarts`, () => {
    it('has everything again after it was closed', async () => {
      const place = newPlace();
      const store = await openWithStudy(place);
      await store.addReport(report('ann'));
      await store.openRound(openRound);
      const optimizer = new Float32Array([0.25, -4]);
      const model = { study: 'pulse', modelRound: 7, parameters: new Float32Array([1, 2]), optimizer };
      await store.endRound(committed, model);
      const secret = await store.secret('invitation', 32);
      await store.close();

      const again = await openWithStudy(place);
      expect(await again.listStudies()).toEqual([study('pulse')]);
      expect(await again.readReports('pulse', { after: 0, limit: 9 })).toMatchObject([report('ann')]);
      expect(await again.readRounds('pulse')).toEqual([committed]);
      expect(await again.latestModel('pulse')).toEqual(model);
      expect(await again.secret('invitation', 32)).toEqual(secret);
    });

    it('writes what was asked for before it closes, and refuses what comes after', async () => {
      const place = newPlace();
      const store = await openWithStudy(place);
      const asked = store.addReport(report('ann'));
      const closed = store.close();
      await expect(store.addReport(report('bob'))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      await closed;
      expect(await asked).toMatchObject({ state: 'stored' });
      const again = await openWithStudy(place);
      expect(await again.countReports('pulse')).toBe(1);
    });

    it('makes a secret once, of the length that was asked for', async () => {
      const store = await openWithStudy();
      const [one, two] = await Promise.all([store.secret('one', 32), store.secret('two', 32)]);
      expect(one).toHaveLength(32);
      expect(Buffer.from(one).equals(two)).toBe(false);
      expect(await store.secret('one', 32)).toEqual(one);
      await expect(store.secret('one', 16)).rejects.toThrow(/bytes/);
    });
  });
}
