import { checkLog, type LogContent } from '@chorale/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRecord } from '../rounds/testing/round-record.ts';
import type { DraftRecord, PersonRecord } from './oversight-store.ts';
import type { ReportRecord, Store } from './store.ts';

const at = '2026-11-01T08:00:00.000Z';
const later = '2026-11-02T08:00:00.000Z';

const entry = (action: LogContent['action'], subject = 'pulse', change: Partial<LogContent> = {}): LogContent => ({
  at,
  actor: { type: 'operator' },
  action,
  subject,
  details: {},
  ...change,
});

const person = (name: string, change: Partial<PersonRecord> = {}): PersonRecord => ({
  name,
  role: 'officer',
  tokenHash: `hash of ${name}`,
  addedAt: at,
  ...change,
});

const draft = (hash = 'sha256-one', change: Partial<DraftRecord> = {}): DraftRecord => ({
  study: 'pulse',
  hash,
  manifest: `{"is":"${hash}"}`,
  proposer: 'Ada',
  proposedAt: at,
  approval: null,
  ...change,
});

const report = (participant: string): ReportRecord => ({
  study: 'pulse',
  participant,
  group: 'sales',
  text: `{"from":"${participant}"}`,
  receivedAt: at,
});

const approval = { study: 'pulse', hash: 'sha256-one', approver: 'Ovid', at: later };
const released = { study: 'pulse', at: later, voices: 2, released: '{"cells":[]}' };

const file = (numbers: string, change: Partial<LogContent> = {}): LogContent =>
  entry('study-exported', 'pulse', { actor: { type: 'public' }, details: { format: 'csv', numbers }, ...change });

const log = (store: Store) => store.readLog({ after: 0, limit: 100 });
const actions = async (store: Store) => (await log(store)).map(({ action, subject }) => `${action} ${subject}`);

/**
 * What every store does for oversight, whatever it is made of.
 * @param open opens the same store again after it was closed; a store of its own for each `place`
 */
export function describeOversight(
  name: string,
  { newPlace, open }: { newPlace: () => string; open: (place: string) => Promise<Store> },
): void {
  const opened = async (place = newPlace()): Promise<Store> => {
    const store = await open(place);
    onTestFinished(() => store.close());
    return store;
  };
  const withStudy = async (): Promise<Store> => {
    const store = await opened();
    await store.putStudy({ id: 'pulse', hash: 'sha256-one', manifest: '{}', publishedAt: at });
    return store;
  };

  describe(`${name}: persons`, () => {
    it('[O1] finds a person by the hash of their token, until they are removed', async () => {
      const store = await opened();
      await store.addPerson(person('Ovid'), entry('person-added', 'Ovid'));
      await store.addPerson(person('Ada', { role: 'analyst' }), entry('person-added', 'Ada'));
      expect(await store.listPersons()).toEqual([person('Ada', { role: 'analyst' }), person('Ovid')]);
      expect(await store.findPerson('hash of Ovid')).toEqual(person('Ovid'));
      await store.removePerson('Ovid', entry('person-removed', 'Ovid'));
      expect(await store.findPerson('hash of Ovid')).toBeNull();
      expect(await actions(store)).toEqual(['person-added Ovid', 'person-added Ada', 'person-removed Ovid']);
    });

    it('[O1] refuses a name that is taken and one that is unknown, and records neither', async () => {
      const store = await opened();
      await store.addPerson(person('Ovid'), entry('person-added', 'Ovid'));
      const other = person('Ovid', { tokenHash: 'another' });
      await expect(store.addPerson(other, entry('person-added'))).rejects.toMatchObject({ code: 'PERSON_CONFLICT' });
      await expect(store.removePerson('Ada', entry('person-removed'))).rejects.toMatchObject({
        code: 'PERSON_UNKNOWN',
      });
      expect(await actions(store)).toEqual(['person-added Ovid']);
    });
  });

  describe(`${name}: drafts`, () => {
    it('[O2] publishes a draft once another person has approved it', async () => {
      const store = await opened();
      expect(await store.putDraft(draft(), entry('draft-proposed'))).toBe('created');
      expect(await store.putDraft(draft(), entry('draft-proposed'))).toBe('unchanged');
      const version = { study: 'pulse', hash: 'sha256-one', publishedAt: later };
      await expect(store.publishDraft(version, entry('study-published'))).rejects.toMatchObject({
        code: 'APPROVAL_REQUIRED',
      });
      await store.approveDraft(approval, entry('draft-approved'));
      expect(await store.getDraft('pulse')).toEqual(draft('sha256-one', { approval: { approver: 'Ovid', at: later } }));
      const study = { id: 'pulse', hash: 'sha256-one', manifest: draft().manifest, publishedAt: later };
      expect(await store.publishDraft(version, entry('study-published'))).toEqual(study);
      expect(await store.getStudy('pulse')).toEqual(study);
      expect(await store.listDrafts()).toEqual([]);
      expect(await actions(store)).toEqual(['draft-proposed pulse', 'draft-approved pulse', 'study-published pulse']);
    });

    it('[O2] takes no approval from whoever proposed it, and none twice', async () => {
      const store = await opened();
      await store.putDraft(draft(), entry('draft-proposed'));
      const own = { ...approval, approver: 'Ada' };
      await expect(store.approveDraft(own, entry('draft-approved'))).rejects.toMatchObject({
        code: 'PERMISSION_DENIED',
      });
      await store.approveDraft(approval, entry('draft-approved'));
      const again = { ...approval, approver: 'Eve' };
      await expect(store.approveDraft(again, entry('draft-approved'))).rejects.toMatchObject({
        code: 'DRAFT_CONFLICT',
      });
      expect(await actions(store)).toEqual(['draft-proposed pulse', 'draft-approved pulse']);
    });

    it('[O3] any edit voids the approval, and what was read before it binds to nothing', async () => {
      const store = await opened();
      await store.putDraft(draft(), entry('draft-proposed'));
      await store.approveDraft(approval, entry('draft-approved'));
      const edited = draft('sha256-two', { proposer: 'Eve' });
      expect(await store.putDraft(edited, entry('draft-proposed'))).toBe('changed');
      expect(await store.getDraft('pulse')).toEqual(edited);
      const old = { study: 'pulse', hash: 'sha256-one', publishedAt: later };
      await expect(store.publishDraft(old, entry('study-published'))).rejects.toMatchObject({ code: 'DRAFT_CONFLICT' });
      await expect(store.approveDraft(approval, entry('draft-approved'))).rejects.toMatchObject({
        code: 'DRAFT_CONFLICT',
      });
      const present = { ...old, hash: 'sha256-two' };
      await expect(store.publishDraft(present, entry('study-published'))).rejects.toMatchObject({
        code: 'APPROVAL_REQUIRED',
      });
      await expect(store.discardDraft(old, entry('draft-discarded'))).rejects.toMatchObject({
        code: 'DRAFT_CONFLICT',
      });
      await store.discardDraft(present, entry('draft-discarded'));
      expect(await store.getDraft('pulse')).toBeNull();
      await expect(store.discardDraft(present, entry('draft-discarded'))).rejects.toMatchObject({
        code: 'DRAFT_UNKNOWN',
      });
    });

    it('[S2] refuses a draft by the id of a published study', async () => {
      const store = await withStudy();
      await expect(store.putDraft(draft('sha256-two'), entry('draft-proposed'))).rejects.toMatchObject({
        code: 'STUDY_CONFLICT',
      });
    });

    it('[O2] lets one of two approvals and one of two publications at the same time through', async () => {
      const store = await opened();
      await store.putDraft(draft(), entry('draft-proposed'));
      const approvals = ['Ovid', 'Eve'].map((approver) =>
        store.approveDraft({ ...approval, approver }, entry('draft-approved')),
      );
      expect((await Promise.allSettled(approvals)).map(({ status }) => status).toSorted()).toEqual([
        'fulfilled',
        'rejected',
      ]);
      const version = { study: 'pulse', hash: 'sha256-one', publishedAt: later };
      const published = [1, 2].map(() => store.publishDraft(version, entry('study-published')));
      expect((await Promise.allSettled(published)).map(({ status }) => status).toSorted()).toEqual([
        'fulfilled',
        'rejected',
      ]);
      expect(await actions(store)).toHaveLength(3);
    });
  });

  describe(`${name}: ends of studies`, () => {
    it('[O4] takes no report and no round of a closed study, and knows those it has', async () => {
      const store = await withStudy();
      await store.addReport(report('ann'));
      const round = openRecord({ study: 'pulse', startedAt: at });
      await store.openRound(round);
      expect(await store.studyEnd('pulse')).toBeNull();
      expect(await store.closeStudy({ study: 'pulse', closedAt: later }, entry('study-closed'))).toBe('closed');
      expect(await store.closeStudy({ study: 'pulse', closedAt: at }, entry('study-closed'))).toBe('unchanged');
      expect(await store.studyEnd('pulse')).toEqual({ study: 'pulse', closedAt: later, purged: null });

      const outcomes = await Promise.allSettled([store.addReport(report('ann')), store.addReport(report('bob'))]);
      expect(outcomes).toMatchObject([{ value: { state: 'duplicate' } }, { reason: { code: 'STUDY_CLOSED' } }]);
      await expect(store.openRound({ ...round, round: 2 })).rejects.toMatchObject({ code: 'STUDY_CLOSED' });
      expect(await store.readRounds('pulse')).toMatchObject([
        { state: 'abandoned', reason: 'the study was closed', endedAt: later },
      ]);
      await expect(store.endRound({ ...round, state: 'committed', endedAt: later }, null)).rejects.toThrow(/not open/);
      expect(await actions(store)).toEqual(['study-closed pulse']);
    });

    it('[O4] stores no report once it has said that the study is closed, however many come at the same time', async () => {
      const store = await withStudy();
      const before = Array.from({ length: 40 }, (_, i) => store.addReport(report(`before-${i}`)));
      const closed = store.closeStudy({ study: 'pulse', closedAt: later }, entry('study-closed'));
      const after = Array.from({ length: 40 }, (_, i) => store.addReport(report(`after-${i}`)));
      const settled = Promise.allSettled([...before, ...after]);
      await closed;
      const count = await store.countReports('pulse');
      const outcomes = await settled;
      expect(await store.countReports('pulse')).toBe(count);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(count);
    });

    it('[O4] deletes the reports of a closed study, and knows what was released of how many', async () => {
      const store = await withStudy();
      await store.putStudy({ id: 'exit', hash: 'sha256-exit', manifest: '{}', publishedAt: at });
      for (const participant of ['ann', 'bob']) await store.addReport(report(participant));
      await store.addReport({ ...report('ann'), study: 'exit' });
      const round = openRecord({ study: 'pulse', startedAt: at });
      await store.openRound(round);
      await store.endRound({ ...round, state: 'committed', endedAt: at }, null, { participants: ['ann'] });
      await expect(store.purgeStudy(released, entry('study-purged'))).rejects.toMatchObject({ code: 'STUDY_OPEN' });
      await store.closeStudy({ study: 'pulse', closedAt: at }, entry('study-closed'));
      expect(await store.purgeStudy(released, entry('study-purged'))).toBe('purged');
      expect(await store.purgeStudy({ ...released, voices: 9 }, entry('study-purged'))).toBe('unchanged');
      expect(await store.readReports('pulse', { after: 0, limit: 9 })).toEqual([]);
      expect(await store.readParticipations('pulse')).toEqual([]);
      expect(await store.countReports('pulse')).toBe(2);
      expect(await store.countReports('exit')).toBe(1);
      const { study: _, ...purged } = released;
      expect(await store.listStudyEnds()).toEqual([{ study: 'pulse', closedAt: at, purged }]);
      await expect(store.addReport(report('ann'))).rejects.toMatchObject({ code: 'STUDY_CLOSED' });
      expect(await actions(store)).toEqual(['study-closed pulse', 'study-purged pulse']);
    });

    it('refuses the end of a study that is unknown', async () => {
      const store = await opened();
      const end = store.closeStudy({ study: 'pulse', closedAt: at }, entry('study-closed'));
      await expect(end).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
      await expect(store.purgeStudy(released, entry('study-purged'))).rejects.toMatchObject({ code: 'STUDY_UNKNOWN' });
      expect(await log(store)).toEqual([]);
    });
  });

  describe(`${name}: the log`, () => {
    it('[O5] binds each entry to the one before, also of many at the same time, and across a restart', async () => {
      const place = newPlace();
      const store = await opened(place);
      expect(await store.logHead()).toEqual({ sequence: 0, hash: null });
      const details = { text: 'ü "quoted" \u2028', count: 3, share: 0.1, simulated: true };
      const written = await Promise.all(
        Array.from({ length: 12 }, (_, i) => store.appendLog(entry('evidence-exported', `s${i}`, { details }))),
      );
      await store.close();
      const again = await opened(place);
      const last = await again.appendLog(
        entry('evidence-exported', 's12', { actor: { type: 'person', name: 'Ada', role: 'analyst' } }),
      );
      expect(await again.logHead()).toEqual({ sequence: 13, hash: last.hash });
      const entries = await log(again);
      expect(entries).toEqual([...written.toSorted((a, b) => a.sequence - b.sequence), last]);
      expect(await checkLog(entries)).toEqual({ sequence: 13, hash: last.hash, finding: null });
      expect(await again.readLog({ after: 10, limit: 2 })).toEqual(entries.slice(10, 12));
    });

    it('[O5] records the publication of a study with it, once', async () => {
      const store = await opened();
      const study = { id: 'pulse', hash: 'sha256-one', manifest: '{}', publishedAt: at };
      expect(await store.putStudy(study, entry('study-published'))).toBe('created');
      expect(await store.putStudy(study, entry('study-published'))).toBe('unchanged');
      expect(await actions(store)).toEqual(['study-published pulse']);
    });

    it('[O5] records a release when it is of more than the last one recorded', async () => {
      const store = await opened();
      const note = (blocks: number) =>
        store.recordRelease({ study: 'pulse', blocks }, entry('results-released', 'pulse', { details: { blocks } }));
      expect(await store.lastRelease('pulse')).toBeNull();
      expect(await note(2)).toBe('recorded');
      const together = await Promise.all([note(2), note(4), note(4)]);
      expect([together[0], ...together.slice(1).toSorted()]).toEqual(['unchanged', 'recorded', 'unchanged']);
      expect(await note(3)).toBe('unchanged');
      expect(await store.lastRelease('pulse')).toEqual({ study: 'pulse', blocks: 4 });
      expect(await store.lastRelease('exit')).toBeNull();
      expect(await log(store)).toHaveLength(2);
    });

    it('[O9] finds the latest entry about a study by what was done, across a restart', async () => {
      const place = newPlace();
      const store = await opened(place);
      const actionsOf = ['benchmarks-imported', 'benchmarks-removed'] as const;
      expect(await store.lastEntry('pulse', actionsOf)).toBeNull();
      const first = await store.appendLog(entry('benchmarks-imported', 'pulse', { details: { benchmarks: '[]' } }));
      await store.appendLog(entry('benchmarks-removed', 'exit'));
      await store.appendLog(entry('study-closed', 'pulse'));
      expect(await store.lastEntry('pulse', actionsOf)).toEqual(first);
      const last = await store.appendLog(entry('benchmarks-removed', 'pulse'));
      await store.close();
      expect(await (await opened(place)).lastEntry('pulse', actionsOf)).toEqual(last);
    });

    it('[O7] records a file once for whoever takes the same numbers again on that day', async () => {
      const place = newPlace();
      const store = await opened(place);
      const again = Array.from({ length: 5 }, () => store.recordExport(file('one'), '2026-11-01'));
      const [first, ...others] = await Promise.all(again);
      for (const one of others) expect(one).toEqual(first);
      const ada = { type: 'person', name: 'Ada', role: 'analyst' } as const;
      await store.recordExport(file('two'), '2026-11-01');
      await store.recordExport(file('one', { actor: ada }), '2026-11-01');
      await store.recordExport(file('one', { subject: 'exit' }), '2026-11-01');
      await store.recordExport(file('one', { action: 'series-exported' }), '2026-11-01');
      await store.recordExport(file('one', { at: later }), '2026-11-02');
      expect(await log(store)).toHaveLength(6);
      await store.close();
      const reopened = await opened(place);
      expect(await reopened.recordExport(file('one', { actor: ada }), '2026-11-01')).toMatchObject({ sequence: 3 });
      expect(await checkLog(await log(reopened))).toMatchObject({ sequence: 6, finding: null });
    });
  });
}
