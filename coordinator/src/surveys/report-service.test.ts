import { createHash } from 'node:crypto';
import { ChoraleError } from '@chorale/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import { ImportedBenchmarks } from './imported-benchmarks.ts';
import { Invitations } from './invitations.ts';
import { ReleaseLog } from '../oversight/release-log.ts';
import { ReportService } from './report-service.ts';
import { ResultsService } from './results-service.ts';
import { StudyRegistry } from './study-registry.ts';

const clock = { time: Date.parse('2026-11-20T12:00:00.000Z') };
const now = () => clock.time;
const answers = { stay: true, workload: 4, recommend: 9, improve: 'rooms', hours: 38 };

async function open(folder = temporaryFolder()) {
  const store = await SqliteStore.open(folder);
  onTestFinished(() => store.close());
  const studies = new StudyRegistry({ store, now });
  const { study } = await studies.publish(pulseStudy(), { type: 'operator' });
  const invitations = new Invitations(await store.secret('invitation', 32));
  const reports = new ReportService({ store, studies, invitations, now });
  const token = (sub: string, group = 'sales') => invitations.sign({ study: 'pulse', sub: `employee-${sub}`, group });
  return {
    store,
    studies,
    study,
    invitations,
    reports,
    token,
    results: new ResultsService({
      studies,
      reports,
      releases: new ReleaseLog({ store, now }),
      benchmarks: new ImportedBenchmarks({ store, studies, now }),
    }),
  };
}

const secretOf = (name: string) => createHash('sha256').update(`secret of ${name}`).digest('hex');
const hashOf = (name: string) => createHash('sha256').update(secretOf(name)).digest('hex');

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error instanceof ChoraleError ? error.code : String(error)),
  );

describe('ReportService', () => {
  it('[S8] accepts a report, takes the same again as a duplicate, and refuses another', async () => {
    const { reports, study, token } = await open();
    const text = reportText(study, answers);
    const receivedAt = new Date(clock.time).toISOString();
    expect(await reports.accept({ token: await token('ann'), report: text })).toEqual({ duplicate: false, receivedAt });
    clock.time += 60_000;
    expect(await reports.accept({ token: await token('ann'), report: text })).toEqual({ duplicate: true, receivedAt });
    expect(await refusal(reports.accept({ token: await token('ann'), report: `${text} ` }))).toBe('REPORT_CONFLICT');
    expect((await reports.tally('pulse')).voices).toBe(1);
  });

  it('[S9] refuses a token that is forged, of another coordinator, or for a group that the study does not have', async () => {
    const { reports, study, token } = await open();
    const text = reportText(study, answers);
    const good = await token('ann');
    const foreign = await new Invitations(new Uint8Array(32)).sign({
      study: 'pulse',
      sub: 'employee-ann',
      group: 'sales',
    });
    const [header, payload] = good.split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
    for (const bad of [
      foreign,
      unsigned,
      `${header}.${payload}.AAAA`,
      'x',
      `${good}${'x'.repeat(3000)}`,
      await token('ann', 'board'),
    ]) {
      expect(await refusal(reports.accept({ token: bad, report: text }))).toBe('TOKEN_INVALID');
    }
    expect(await refusal(reports.accept({ token: good, report: text }))).toBe('accepted');
  });

  it('[S1] refuses a report for another version of the study', async () => {
    const { reports, study, token } = await open();
    const other = { ...study, hash: `sha256-${'A'.repeat(43)}=` };
    expect(await refusal(reports.accept({ token: await token('ann'), report: reportText(other, answers) }))).toBe(
      'MANIFEST_MISMATCH',
    );
  });

  it('[P1] refuses what is no report of this study, and counts nothing of it', async () => {
    const { reports, study, token } = await open();
    const good = JSON.parse(reportText(study, answers));
    const [first, second] = good.answers;
    const bad = [
      '',
      'null',
      '{}',
      JSON.stringify({ ...good, answers: good.answers.slice(1) }),
      JSON.stringify({ ...good, answers: good.answers.map(() => first) }),
      JSON.stringify({ ...good, answers: [{ ...first, letter: 3 }, ...good.answers.slice(1)] }),
      JSON.stringify({
        ...good,
        answers: [{ ...first, mechanism: second.mechanism, outputs: 9 }, ...good.answers.slice(1)],
      }),
      JSON.stringify({ ...good, study: 'exit' }),
      JSON.stringify({ ...good, raw: answers }),
    ];
    for (const text of bad)
      expect(await refusal(reports.accept({ token: await token('ann'), report: text }))).toBe('REPORT_INVALID');
    expect(await refusal(reports.accept({ token: await token('ann'), report: ' '.repeat(20_000) }))).toBe(
      'MESSAGE_TOO_LARGE',
    );
    expect((await reports.tally('pulse')).voices).toBe(0);
  });

  it('refuses a token of a study that is not here', async () => {
    const { reports, study, invitations } = await open();
    const token = await invitations.sign({ study: 'exit', sub: 'employee-ann', group: 'sales' });
    expect(await refusal(reports.accept({ token, report: reportText(study, answers) }))).toBe('STUDY_UNKNOWN');
  });

  it('[E2] publishes the same numbers after a restart, whatever came in at the same time', async () => {
    const folder = temporaryFolder();
    const before = await open(folder);
    const send = async (i: number) => {
      const group = i % 3 === 0 ? 'legal' : 'sales';
      return before.reports.accept({
        token: await before.token(String(i), group),
        report: reportText(before.study, { ...answers, stay: i % 2 === 0 }),
      });
    };
    await Promise.all(Array.from({ length: 57 }, (_, i) => send(i)));
    // Asked for by several at once: nothing may be counted twice.
    const [results, again] = await Promise.all([before.results.of('pulse'), before.results.of('pulse')]);
    expect(again).toEqual(results);
    expect(results.voices).toBe(57);
    expect(results.questions[0]!.cells.map((cell) => cell.state === 'published' && cell.respondents)).toEqual([
      50, 35, 15,
    ]);
    await before.store.close();
    expect(await (await open(folder)).results.of('pulse')).toEqual(results);
  });

  it('[E4] tells the live count beside numbers that wait for their block', async () => {
    const { reports, study, token, results } = await open();
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await reports.accept({ token: await token(name), report: reportText(study, answers) });
    const first = await results.of('pulse');
    await reports.accept({ token: await token('f'), report: reportText(study, answers) });
    expect(await results.of('pulse')).toEqual({ ...first, voices: 6 });
    for (const name of ['g', 'h', 'i', 'j'])
      await reports.accept({ token: await token(name), report: reportText(study, answers) });
    expect((await results.of('pulse')).questions[0]!.cells[0]).toMatchObject({ respondents: 10 });
  });

  it('[S11] deletes a report that no published number holds, once and for good, for whoever has its secret', async () => {
    const folder = temporaryFolder();
    const { store, reports, study, token, results } = await open(folder);
    const text = reportText(study, answers);
    const ann = { token: await token('ann'), secret: secretOf('ann') };
    expect(await refusal(reports.withdraw(ann))).toBe('REPORT_UNKNOWN');
    for (const name of ['ann', 'bob', 'cid', 'dot']) {
      await reports.accept({ token: await token(name), report: text, withdrawal: hashOf(name) });
    }
    await reports.accept({ token: await token('old', 'legal'), report: text });
    expect((await results.of('pulse')).voices).toBe(5);

    expect(await refusal(reports.withdraw({ ...ann, secret: secretOf('bob') }))).toBe('RECEIPT_INVALID');
    expect(await refusal(reports.withdraw({ ...ann, token: await token('old', 'legal') }))).toBe('RECEIPT_INVALID');
    expect(await refusal(reports.withdraw(ann, { study: 'exit' }))).toBe('TOKEN_INVALID');
    expect(await reports.withdraw(ann)).toEqual({ outcome: 'withdrawn' });
    expect(await Promise.all([reports.withdraw(ann), reports.withdraw(ann)])).toEqual([
      { outcome: 'withdrawn' },
      { outcome: 'withdrawn' },
    ]);
    expect((await results.of('pulse')).voices).toBe(4);
    // The invitation stays used, for the same text and any other.
    for (const report of [text, `${text} `]) {
      expect(await refusal(reports.accept({ token: ann.token, report, withdrawal: hashOf('ann') }))).toBe(
        'REPORT_WITHDRAWN',
      );
    }
    // The fourth and fifth of the group: a block of five without the one that was withdrawn.
    for (const name of ['eve', 'fay']) {
      await reports.accept({ token: await token(name), report: text, withdrawal: hashOf(name) });
    }
    expect((await reports.tally('pulse')).published('stay', 'sales').respondents).toBe(5);
    const published = await results.of('pulse');
    expect(await reports.withdraw({ token: await token('bob'), secret: secretOf('bob') })).toEqual({
      outcome: 'released',
    });
    expect(await results.of('pulse')).toEqual(published);

    await store.close();
    const after = await open(folder);
    expect(await after.results.of('pulse')).toEqual(published);
    expect(await after.reports.withdraw(ann)).toEqual({ outcome: 'withdrawn' });
    const bob = { token: await token('bob'), secret: secretOf('bob') };
    expect(await after.reports.withdraw(bob)).toEqual({ outcome: 'released' });
  });

  it('[S11] while others answer, withdraws or releases each of those who ask, and publishes what is left', async () => {
    const folder = temporaryFolder();
    const { store, reports, study, token, results } = await open(folder);
    const names = Array.from({ length: 43 }, (_, i) => `p${i}`);
    const outcomes = await Promise.all(
      names.map(async (name, i) => {
        const report = reportText(study, { ...answers, stay: i % 2 === 0 });
        await reports.accept({ token: await token(name), report, withdrawal: hashOf(name) });
        return i % 3 === 0
          ? (await reports.withdraw({ token: await token(name), secret: secretOf(name) })).outcome
          : 'kept';
      }),
    );
    const withdrawn = outcomes.filter((outcome) => outcome === 'withdrawn').length;
    const live = await results.of('pulse');
    expect(live.voices).toBe(names.length - withdrawn);
    await store.close();
    expect(await (await open(folder)).results.of('pulse')).toEqual(live);
  });

  it('publishes nothing of a study whose stored reports are damaged', async () => {
    const { store, reports } = await open();
    await store.addReport({ study: 'pulse', participant: 'x', group: 'sales', text: '{"bad":1}', receivedAt: '' });
    await expect(reports.tally('pulse')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await expect(reports.tally('pulse')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  });
});

describe('StudyRegistry', () => {
  it('[S2] knows what it published, and refuses to change it', async () => {
    const { studies, study } = await open();
    expect(await studies.get('pulse')).toBe(study);
    expect((await studies.publish(pulseStudy(), { type: 'operator' })).outcome).toBe('unchanged');
    expect(await refusal(studies.publish(pulseStudy({ epsilon: 1 }), { type: 'operator' }))).toBe('STUDY_CONFLICT');
    expect((await studies.list()).map(({ manifest }) => manifest.id)).toEqual(['pulse']);
    expect(await refusal(studies.get('exit'))).toBe('STUDY_UNKNOWN');
  });
});
