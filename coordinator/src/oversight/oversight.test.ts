import { checkLog, type LogEntry, type Manifest, manifestHash, type Role, surveyChannels } from '@chorale/protocol';
import { expect, it, onTestFinished } from 'vitest';
import { pulseStudy, trainingTask } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { readServerFile } from '../http/server-file.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';

const answers = { stay: true, workload: 4, recommend: 9, improve: 'rooms', hours: 38 };

/** A coordinator, and what an analyst, two officers and the operator say to it. */
async function overseen(options: Parameters<typeof runCoordinator>[0] = {}) {
  const coordinator = await runCoordinator(options);
  const { operatorToken } = readServerFile(coordinator.dataFolder)!;
  const as = (token: string | null) => async (method: string, path: string, body?: object) => {
    const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    const headers = body === undefined ? authorization : { ...authorization, 'content-type': 'application/json' };
    const request = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const response = await coordinator.get(`/api/v1/${path}`, request);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> & { code?: string } };
  };
  const operator = as(operatorToken);
  const join = async (name: string, role: Role) => {
    const { status, body } = await operator('POST', 'persons', { name, role });
    expect(status).toBe(201);
    return as(String(body['token']));
  };
  const log = async (): Promise<LogEntry[]> => (await operator('GET', 'log')).body as unknown as LogEntry[];
  return { ...coordinator, as, operator, join, log, anybody: as(null) };
}

/** Sends reports of one department and gives what was answered. */
async function send(
  coordinator: Awaited<ReturnType<typeof overseen>>,
  manifest: Manifest,
  names: string[],
): Promise<unknown[]> {
  const socket = await coordinator.connect();
  const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
  const tokens = await coordinator.invite(manifest.id, ...names.map((name) => ({ name, group: 'sales' })));
  const sent = tokens.map((token) =>
    socket.emitWithAck('report', { protocol: 1, token, report: reportText(study, answers) }),
  );
  return Promise.all(sent);
}

it('[O2] a study is proposed by one person, approved by another, and published by either', async () => {
  const { join, anybody, log, get } = await overseen({ demo: null });
  const [ada, ovid] = [await join('Ada', 'analyst'), await join('Ovid', 'officer')];
  const manifest = pulseStudy({ id: 'own' });
  const hash = await manifestHash(manifest);

  expect(await ada('PUT', 'drafts/own', manifest)).toMatchObject({ status: 201, body: { manifest: hash } });
  expect(await ada('PUT', 'drafts/own', manifest)).toMatchObject({ status: 200, body: { outcome: 'unchanged' } });
  expect((await get('/api/v1/studies/own')).status).toBe(404);
  expect(await ada('POST', 'drafts/own/publish', { manifest: hash })).toMatchObject({
    status: 403,
    body: { code: 'APPROVAL_REQUIRED' },
  });
  expect(await ovid('GET', 'drafts/own')).toMatchObject({ body: { hash, manifest, proposer: 'Ada', approval: null } });
  expect((await ovid('POST', 'drafts/own/approve', { manifest: hash })).status).toBe(200);
  expect((await ada('POST', 'drafts/own/publish', { manifest: hash })).status).toBe(201);
  expect((await get('/api/v1/studies/own')).status).toBe(200);
  expect((await anybody('GET', 'studies')).body).toMatchObject([{ id: 'own', state: 'open' }]);

  expect((await log()).map(({ action, actor }) => [action, 'name' in actor ? actor.name : actor.type])).toEqual([
    ['person-added', 'operator'],
    ['person-added', 'operator'],
    ['draft-proposed', 'Ada'],
    ['draft-approved', 'Ovid'],
    ['study-published', 'Ada'],
  ]);
});

it('[O2] [O3] nobody approves what they proposed or last edited, and an edit voids what was approved', async () => {
  const { join } = await overseen({ demo: null });
  const [ovid, olga] = [await join('Ovid', 'officer'), await join('Olga', 'officer')];
  const [first, second] = [pulseStudy({ id: 'own' }), pulseStudy({ id: 'own', epsilon: 2 })];
  const [one, two] = [{ manifest: await manifestHash(first) }, { manifest: await manifestHash(second) }];
  await ovid('PUT', 'drafts/own', first);
  const denied = { status: 403, body: { code: 'PERMISSION_DENIED' } };
  expect(await ovid('POST', 'drafts/own/approve', one)).toMatchObject(denied);
  expect((await olga('POST', 'drafts/own/approve', one)).status).toBe(200);
  expect(await olga('PUT', 'drafts/own', second)).toMatchObject({ status: 200, body: { outcome: 'changed' } });
  expect((await ovid('POST', 'drafts/own/publish', one)).body.code).toBe('DRAFT_CONFLICT');
  expect((await ovid('POST', 'drafts/own/publish', two)).body.code).toBe('APPROVAL_REQUIRED');
  // The edit is hers: she proposed what is there now.
  expect(await olga('POST', 'drafts/own/approve', two)).toMatchObject(denied);
  expect((await ovid('POST', 'drafts/own/approve', one)).body.code).toBe('DRAFT_CONFLICT');
  expect((await ovid('POST', 'drafts/own/approve', two)).status).toBe(200);
});

it('[O2] one name is one person: who is removed and comes back as an officer approves nothing of their own', async () => {
  const { join, operator } = await overseen({ demo: null });
  const ada = await join('Ada', 'analyst');
  const manifest = pulseStudy({ id: 'own' });
  await ada('PUT', 'drafts/own', manifest);
  expect((await operator('DELETE', 'persons/Ada')).status).toBe(200);
  expect((await ada('GET', 'drafts')).status).toBe(401);
  const again = await join(' Ada ', 'officer');
  const decision = { manifest: await manifestHash(manifest) };
  expect((await again('POST', 'drafts/own/approve', decision)).body.code).toBe('PERMISSION_DENIED');
});

it('[O1] what each role may do, and what needs none', async () => {
  const { join, as, operator, anybody } = await overseen({ demo: null, manifests: [pulseStudy()] });
  const [ada, ovid, oskar] = [
    await join('Ada', 'analyst'),
    await join('Ovid', 'officer'),
    await join('Oskar', 'operator'),
  ];
  const manifest = pulseStudy({ id: 'own' });
  const decision = { manifest: await manifestHash(manifest) };
  const asked: [method: string, path: string, body?: object][] = [
    ['GET', 'drafts'],
    ['GET', 'log'],
    ['GET', 'persons'],
    ['POST', 'persons', { name: 'Eve', role: 'officer' }],
    ['POST', 'studies', pulseStudy()],
    ['PUT', 'drafts/own', manifest],
    ['POST', 'drafts/own/approve', decision],
    ['POST', 'studies/pulse/purge'],
    ['GET', 'log/head'],
    ['GET', 'studies'],
  ];
  const statuses = async (who: typeof ada) => {
    const all: number[] = [];
    for (const request of asked) all.push((await who(...request)).status);
    return all;
  };
  expect(await statuses(anybody)).toEqual([401, 401, 401, 401, 401, 401, 401, 401, 200, 200]);
  expect(await statuses(as('x'.repeat(43)))).toEqual([401, 401, 401, 401, 401, 401, 401, 401, 200, 200]);
  expect(await statuses(ada)).toEqual([200, 200, 403, 403, 403, 201, 403, 403, 200, 200]);
  expect(await statuses(ovid)).toEqual([200, 200, 403, 403, 403, 200, 200, 409, 200, 200]);
  expect(await statuses(oskar)).toEqual([200, 200, 200, 201, 200, 403, 403, 409, 200, 200]);
  // Two persons answer for a study: whoever holds the operator token is none of them.
  expect(await statuses(operator)).toEqual([200, 200, 200, 409, 200, 403, 403, 409, 200, 200]);
});

it.each([
  ['', 'analyst'],
  ['a\u0000b', 'analyst'],
  ['x'.repeat(101), 'analyst'],
  ['<b>', 'analyst'],
  ['Ada', 'admin'],
])('[O1] refuses %j as %s', async (name, role) => {
  const { operator, log } = await overseen({ demo: null });
  expect(await operator('POST', 'persons', { name, role })).toMatchObject({
    status: 400,
    body: { code: 'MESSAGE_MALFORMED' },
  });
  expect(await log()).toEqual([]);
});

it('[O2] where approval is required, the operator token publishes nothing new, and what is there stays', async () => {
  const first = await overseen({ demo: null, manifests: [pulseStudy()] });
  await first.close();
  const { operator, log } = await overseen({
    demo: null,
    dataFolder: first.dataFolder,
    requireApproval: true,
    manifests: [pulseStudy()],
  });
  expect(await operator('POST', 'studies', pulseStudy())).toMatchObject({ body: { outcome: 'unchanged' } });
  expect(await operator('POST', 'studies', pulseStudy({ id: 'own' }))).toMatchObject({
    status: 403,
    body: { code: 'APPROVAL_REQUIRED' },
  });
  expect(await log()).toMatchObject([{ action: 'study-published', actor: { type: 'operator' } }]);
  expect((await log())[0]!.details).toMatchObject({ approved: false });
});

it('[O4] [E2] a closed study takes nothing more, and its results are the same numbers after its reports are deleted', async () => {
  const manifest = pulseStudy();
  const coordinator = await overseen({ manifests: [manifest] });
  const ovid = await coordinator.join('Ovid', 'officer');
  const names = Array.from({ length: 12 }, (_, i) => `employee ${i}`);
  await send(coordinator, manifest, names);
  const before = (await coordinator.anybody('GET', 'studies/pulse/results')).body;
  expect(before).toMatchObject({ voices: 12 });
  expect(JSON.stringify(before)).toContain('"state":"published"');

  const state = async () => (await coordinator.anybody('GET', 'studies/pulse/state')).body;
  expect(await state()).toEqual({ study: 'pulse', state: 'open' });
  expect((await ovid('POST', 'studies/pulse/purge')).body.code).toBe('STUDY_OPEN');
  expect(await ovid('POST', 'studies/pulse/close')).toMatchObject({ status: 200, body: { outcome: 'closed' } });
  expect(await state()).toEqual({ study: 'pulse', state: 'closed' });
  expect(await ovid('POST', 'studies/pulse/close')).toMatchObject({ status: 200, body: { outcome: 'unchanged' } });
  expect(await send(coordinator, manifest, ['late'])).toMatchObject([{ error: { code: 'STUDY_CLOSED' } }]);
  expect(await ovid('POST', 'studies/pulse/purge')).toMatchObject({ status: 200, body: { outcome: 'purged' } });
  expect(await state()).toEqual({ study: 'pulse', state: 'purged' });
  const results = async (of: typeof coordinator) => (await of.anybody('GET', 'studies/pulse/results')).body;
  expect(await results(coordinator)).toEqual(before);
  expect(await send(coordinator, manifest, names.slice(0, 1))).toMatchObject([{ error: { code: 'STUDY_CLOSED' } }]);

  await coordinator.close();
  const again = await overseen({ dataFolder: coordinator.dataFolder });
  expect(await results(again)).toEqual(before);
  expect((await again.anybody('GET', 'studies')).body).toMatchObject([{ state: 'purged', voices: 12 }]);

  const log = await again.log();
  const ofStudy = log.filter(({ subject }) => subject === 'pulse');
  expect(ofStudy.map(({ action }) => action)).toEqual([
    'study-published',
    'results-released',
    'study-closed',
    'study-purged',
  ]);
  // What was kept is what was released last.
  expect(ofStudy[3]!.details['released']).toBe(ofStudy[1]!.details['released']);
  expect(await checkLog(log)).toMatchObject({ finding: null });
  await again.close();
  const store = await SqliteStore.open(coordinator.dataFolder);
  onTestFinished(() => store.close());
  expect(await store.readReports('pulse', { after: 0, limit: 9 })).toEqual([]);
});

const inTwoDays = (): number => Date.now() + 2 * 24 * 60 * 60 * 1000;

it('[O4] [E5] the reports of a wave stay when it is closed: other waves depend on who is in it', async () => {
  const manifest = pulseStudy({ more: { series: 'quarterly' } });
  const coordinator = await overseen({ manifests: [manifest] });
  const ovid = await coordinator.join('Ovid', 'officer');
  await send(coordinator, manifest, ['employee 1']);
  expect(await ovid('POST', 'studies/pulse/close')).toMatchObject({ status: 200 });
  expect(await ovid('POST', 'studies/pulse/purge')).toMatchObject({ status: 409, body: { code: 'STUDY_OPEN' } });
  await coordinator.close();
  const kept = await overseen({ dataFolder: coordinator.dataFolder, retentionDays: 1, now: inTwoDays });
  expect((await kept.anybody('GET', 'studies')).body).toMatchObject([{ state: 'closed', voices: 1 }]);
});

it('[O5] logs results before they are given out: first, when they have doubled, and all of them at the end', async () => {
  const manifest = pulseStudy();
  const coordinator = await overseen({ manifests: [manifest] });
  const released: unknown[] = [];
  for (let block = 0; block < 6; block += 1) {
    await send(
      coordinator,
      manifest,
      Array.from({ length: 5 }, (_, i) => `employee ${block} ${i}`),
    );
    await coordinator.anybody('GET', 'studies/pulse/results');
    await coordinator.anybody('GET', 'studies/pulse/results');
  }
  await coordinator.operator('POST', 'studies/pulse/close');
  for (const { action, details } of await coordinator.log()) {
    if (action === 'results-released') released.push([details['blocks'], details['voices']]);
  }
  // Every device answers all five questions, so five reports fill five blocks.
  expect(released).toEqual([
    [5, 5],
    [10, 10],
    [20, 20],
    [30, 30],
  ]);
});

it('[O4] the rounds and the model of a closed study can be read, and nobody joins', async () => {
  const manifest: Manifest = { ...pulseStudy(), training: trainingTask };
  const coordinator = await overseen({ manifests: [manifest] });
  const socket = await coordinator.connect();
  const [token] = await coordinator.invite('pulse', { name: 'site one', group: 'sales' });
  const join = { protocol: 1, token, manifest: await manifestHash(manifest) };
  expect(await socket.emitWithAck('join', join)).not.toHaveProperty('error');
  const told = new Promise((resolve) => void socket.once('training-done', resolve));
  expect((await coordinator.operator('POST', 'studies/pulse/close')).status).toBe(200);
  expect(await told).toEqual({ study: 'pulse', committedRounds: 0 });
  expect(await socket.emitWithAck('join', join)).toMatchObject({ error: { code: 'STUDY_CLOSED' } });
  expect((await coordinator.anybody('GET', 'studies/pulse/rounds')).body).toMatchObject({ waiting: 0, rounds: [] });
  expect((await coordinator.get('/api/v1/studies/pulse/models/0')).status).toBe(200);
});

it('[O4] deletes the reports of closed studies when their time is over', async () => {
  const manifest = pulseStudy();
  const coordinator = await overseen({ manifests: [manifest], retentionDays: 30 });
  await send(
    coordinator,
    manifest,
    Array.from({ length: 5 }, (_, i) => `employee ${i}`),
  );
  const results = (await coordinator.anybody('GET', 'studies/pulse/results')).body;
  await coordinator.operator('POST', 'studies/pulse/close');
  await coordinator.close();
  const later = (days: number) => ({
    dataFolder: coordinator.dataFolder,
    retentionDays: 30,
    now: () => Date.now() + days * 86_400_000,
  });
  const before = await overseen(later(29));
  expect((await before.anybody('GET', 'studies')).body).toMatchObject([{ state: 'closed' }]);
  await before.close();
  const after = await overseen(later(31));
  expect((await after.anybody('GET', 'studies')).body).toMatchObject([{ state: 'purged' }]);
  expect((await after.anybody('GET', 'studies/pulse/results')).body).toEqual(results);
  expect((await after.log()).at(-1)).toMatchObject({ action: 'study-purged', actor: { type: 'coordinator' } });
});

it.each([
  { promised: 30, operator: null, stays: 29, gone: 30 },
  { promised: 30, operator: 7, stays: 6, gone: 7 },
  { promised: 7, operator: 30, stays: 6, gone: 7 },
])(
  '[O4] deletes reports $promised days after the end as the manifest says, at most as late as the operator: $operator',
  async ({ promised, operator: retentionDays, stays, gone }) => {
    const manifest = pulseStudy({ more: { retention: { reportDays: promised } } });
    const first = await overseen({ manifests: [manifest], retentionDays });
    await first.operator('POST', 'studies/pulse/close');
    const { dataFolder } = first;
    await first.close();
    const stateAfter = async (days: number): Promise<unknown> => {
      const again = await overseen({ dataFolder, retentionDays, now: () => Date.now() + days * 86_400_000 });
      const [study] = (await again.anybody('GET', 'studies')).body as unknown as { state: string }[];
      await again.close();
      return study!.state;
    };
    expect(await stateAfter(stays)).toBe('closed');
    expect(await stateAfter(gone)).toBe('purged');
  },
);

it('[O4] an evidence pack says how long reports are kept, and who promises it', async () => {
  const manifests = [
    pulseStudy({ id: 'promised', more: { retention: { reportDays: 30 } } }),
    pulseStudy({ id: 'silent' }),
    pulseStudy({ id: 'wave', more: { series: 'quarterly' } }),
  ];
  const coordinator = await overseen({ manifests, retentionDays: 90 });
  const { operatorToken } = readServerFile(coordinator.dataFolder)!;
  const packOf = async (study: string): Promise<string> => {
    const headers = { authorization: `Bearer ${operatorToken}` };
    return (await coordinator.get(`/api/v1/studies/${study}/evidence`, { method: 'POST', headers })).text();
  };
  expect(await packOf('promised')).toContain(
    'are deleted 30 days after the study is closed (the manifest promises 30)',
  );
  expect(await packOf('silent')).toContain('are deleted 90 days after the study is closed (by the operator’s setting)');
  expect(await packOf('wave')).toContain('are kept: what other waves of the series may show');
});

it('[E10] an evidence pack says whether correlations are published, and of whom', async () => {
  const manifests = [
    pulseStudy({ id: 'whole' }),
    pulseStudy({ id: 'wave', more: { series: 'quarterly' } }),
    pulseStudy({ id: 'sampled', epsilon: 5 }),
  ];
  const { get, dataFolder } = await overseen({ manifests });
  const { operatorToken } = readServerFile(dataFolder)!;
  const packOf = async (study: string): Promise<string> => {
    const headers = { authorization: `Bearer ${operatorToken}` };
    return (await get(`/api/v1/studies/${study}/evidence`, { method: 'POST', headers })).text();
  };
  // Choices and means have no correlations.
  const said = 'each two of 3 questions move together is published as a correlation (drivers)';
  expect(await packOf('whole')).toContain(said);
  expect(await packOf('whole')).toContain('all groups together. None is shown of fewer than\n100 people');
  expect(await packOf('wave')).toContain('together, once all questions of this wave have published the same people.');
  expect(await packOf('sampled')).not.toContain('correlation');
  expect(await packOf('sampled')).toContain('Nothing is published of how answers of one person to two questions');
});

it('[O6] an evidence pack says what was promised, has the head of the log, and shows markup of a study as text', async () => {
  const manifest: Manifest = { ...pulseStudy(), title: 'Pulse <script>alert(1)</script> & "more"' };
  const coordinator = await overseen({ manifests: [manifest], demo: null });
  const { operatorToken } = readServerFile(coordinator.dataFolder)!;
  const taken = await coordinator.get('/api/v1/studies/pulse/evidence', {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken}` },
  });
  expect([taken.status, taken.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const pack = await taken.text();
  const log = await coordinator.log();
  expect(log.at(-1)).toMatchObject({ action: 'evidence-exported', subject: 'pulse' });
  expect(pack).toContain(`Head: <code>${log.length}:${log.at(-1)!.hash}</code>`);
  expect(pack).toContain(`All ${log.length} entries of the whole log hold`);
  expect(pack).not.toContain('<script>');
  expect(pack).toContain('Pulse &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;');
  const { realizedEpsilon, byQuestion } = surveyChannels(manifest.survey!);
  for (const words of [await manifestHash(manifest), `${realizedEpsilon} at the integer`, 'Replace one', 'Local:']) {
    expect(pack).toContain(words);
  }
  expect(pack).toContain('<strong>Passed.</strong> No report of this study reveals more');
  for (const { channel } of byQuestion.values()) expect(pack).toContain(`<td>${channel.realizedEpsilon}</td>`);
  expect((await coordinator.anybody('POST', 'studies/pulse/evidence')).status).toBe(401);
});
