import { ChoraleError } from '@chorale/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
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
    results: new ResultsService({ studies, releases: new ReleaseLog({ store, now }), reports }),
  };
}

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
    expect(await reports.accept(await token('ann'), text)).toEqual({ duplicate: false, receivedAt });
    clock.time += 60_000;
    expect(await reports.accept(await token('ann'), text)).toEqual({ duplicate: true, receivedAt });
    expect(await refusal(reports.accept(await token('ann'), `${text} `))).toBe('REPORT_CONFLICT');
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
      expect(await refusal(reports.accept(bad, text))).toBe('TOKEN_INVALID');
    }
    expect(await refusal(reports.accept(good, text))).toBe('accepted');
  });

  it('[S1] refuses a report for another version of the study', async () => {
    const { reports, study, token } = await open();
    const other = { ...study, hash: `sha256-${'A'.repeat(43)}=` };
    expect(await refusal(reports.accept(await token('ann'), reportText(other, answers)))).toBe('MANIFEST_MISMATCH');
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
    for (const text of bad) expect(await refusal(reports.accept(await token('ann'), text))).toBe('REPORT_INVALID');
    expect(await refusal(reports.accept(await token('ann'), ' '.repeat(20_000)))).toBe('MESSAGE_TOO_LARGE');
    expect((await reports.tally('pulse')).voices).toBe(0);
  });

  it('refuses a token of a study that is not here', async () => {
    const { reports, study, invitations } = await open();
    const token = await invitations.sign({ study: 'exit', sub: 'employee-ann', group: 'sales' });
    expect(await refusal(reports.accept(token, reportText(study, answers)))).toBe('STUDY_UNKNOWN');
  });

  it('[E2] publishes the same numbers after a restart, whatever came in at the same time', async () => {
    const folder = temporaryFolder();
    const before = await open(folder);
    const send = async (i: number) => {
      const group = i % 3 === 0 ? 'legal' : 'sales';
      return before.reports.accept(
        await before.token(String(i), group),
        reportText(before.study, { ...answers, stay: i % 2 === 0 }),
      );
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
    for (const name of ['a', 'b', 'c', 'd', 'e']) await reports.accept(await token(name), reportText(study, answers));
    const first = await results.of('pulse');
    await reports.accept(await token('f'), reportText(study, answers));
    expect(await results.of('pulse')).toEqual({ ...first, voices: 6 });
    for (const name of ['g', 'h', 'i', 'j']) await reports.accept(await token(name), reportText(study, answers));
    expect((await results.of('pulse')).questions[0]!.cells[0]).toMatchObject({ respondents: 10 });
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
