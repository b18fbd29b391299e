import { describe, expect, it } from 'vitest';
import { openWithStudy, report, study, type StorePlace } from './contract-records.ts';

/** What every store does with reports, and with those that are withdrawn. */
export function describeReports(name: string, at: StorePlace): void {
  describe(`${name}: reports`, () => {
    it('[S8] counts the same text once, and says when it came first', async () => {
      const store = await openWithStudy(at);
      expect(await store.addReport(report('ann'))).toEqual({ state: 'stored', receivedAt: '2026-11-02T09:00:00.000Z' });
      const later = report('ann', { receivedAt: '2026-11-09T09:00:00.000Z' });
      expect(await store.addReport(later)).toEqual({ state: 'duplicate', receivedAt: '2026-11-02T09:00:00.000Z' });
      expect(await store.countReports('pulse')).toBe(1);
    });

    it('[S8] refuses another text of the same participant, and keeps the first', async () => {
      const store = await openWithStudy(at);
      await store.addReport(report('ann'));
      await expect(store.addReport(report('ann', { text: '{}' }))).rejects.toMatchObject({ code: 'REPORT_CONFLICT' });
      expect(await store.readReports('pulse', { after: 0, limit: 9 })).toMatchObject([report('ann')]);
    });

    it('[E5] reads the reports of a series in one order, and of no other study', async () => {
      const store = await openWithStudy(at);
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
      const store = await openWithStudy(at);
      const texts = Array.from({ length: 50 }, (_, i) => `{"try":${i}}`);
      const outcomes = await Promise.allSettled(texts.map((text) => store.addReport(report('ann', { text }))));
      expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
      expect(await store.countReports('pulse')).toBe(1);
    });

    it('[S8] gives reports that arrive together the outcomes that they have one by one', async () => {
      const store = await openWithStudy(at);
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
      const store = await openWithStudy(at);
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
      const store = await openWithStudy(at);
      await store.putStudy(study('exit'));
      await store.addReport(report('ann'));
      expect(await store.addReport(report('ann', { study: 'exit' }))).toMatchObject({ state: 'stored' });
      expect(await store.countReports('exit')).toBe(1);
    });

    it('refuses a report of an unknown study without harm to others at the same time', async () => {
      const store = await openWithStudy(at);
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
      const store = await openWithStudy(at);
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
      const place = at.newPlace();
      const store = await openWithStudy(at, place);
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

      const again = await openWithStudy(at, place);
      expect(await again.readReport('pulse', 'ann')).toEqual(gone);
      for (const text of [report('ann').text, '', '{}']) {
        await expect(again.addReport(report('ann', { text }))).rejects.toMatchObject({ code: 'REPORT_WITHDRAWN' });
      }
    });

    it('[S11] stay as they are where as many of their group came since as there was room for', async () => {
      const store = await openWithStudy(at);
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
      const store = await openWithStudy(at);
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
}
