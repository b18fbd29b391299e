import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, readdirSync, statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { LogContent } from '@chorale/protocol';
import { describe, expect, it, onTestFinished } from 'vitest';
import { postgresMissing, sharedDatabaseUrl, temporarySchema } from '../../testing/shared-postgres.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { type BackupRecord, noRecords } from './backup-format.ts';
import { openPostgresTarget } from './postgres-restore.ts';
import { PostgresStore } from './postgres-store.ts';
import { restore } from './restore.ts';
import type { RestoreTarget } from './restore-target.ts';
import { openSqliteTarget } from './sqlite-restore.ts';
import { SqliteStore } from './sqlite-store.ts';
import type { RoundRecord, Store } from './store.ts';
import { backupStream } from './write-backup.ts';

const now = () => Date.parse('2026-11-21T08:00:00.000Z');
const publishedAt = '2026-11-01T08:00:00.000Z';

/** Both kinds of store, at a place of their own for the test. */
type Kind = {
  newPlace: () => string;
  open(place: string): Promise<Store>;
  target(place: string): Promise<RestoreTarget>;
};
const sqlite: Kind = {
  newPlace: () => join(temporaryFolder(), 'data'),
  open: (place) => SqliteStore.open(place),
  target: async (place) => openSqliteTarget(place),
};
const postgres: Kind = {
  newPlace: temporarySchema,
  open: async (schema) => PostgresStore.open(await sharedDatabaseUrl(), { schema }),
  target: async (schema) => openPostgresTarget(await sharedDatabaseUrl(), { schema }),
};

async function open(kind: Kind, place: string): Promise<Store> {
  const store = await kind.open(place);
  onTestFinished(() => store.close());
  return store;
}

const report = (participant: string, study = 'pulse') => ({
  study,
  participant,
  group: 'sales',
  text: `{"of":"${participant} \\u0000 ü😀"}`,
  receivedAt: publishedAt,
});

const round: RoundRecord = {
  study: 'pulse',
  round: 1,
  kind: 'evaluate',
  state: 'committed',
  modelRound: 3,
  cohort: 4,
  accepted: 3,
  dropouts: 1,
  startedAt: publishedAt,
  endedAt: publishedAt,
  reason: null,
  histogram: [1, -2],
  shape: { invited: 4, accepted: 3, declined: 0, left: 0, lost: 1, late: 2 },
};

/** A store with something of everything, and reports of two studies in turn. */
async function filledStore(kind: Kind, reports = 1200): Promise<Store> {
  const store = await open(kind, kind.newPlace());
  for (const id of ['pulse', 'exit', 'empty']) {
    await store.putStudy({ id, hash: `hash of ${id}`, manifest: `{"id":"${id}"}`, publishedAt });
  }
  const opened: RoundRecord = { ...round, state: 'open', endedAt: null, histogram: null, shape: null };
  await store.openRound(opened);
  const parameters = Float32Array.of(1, -0, 3e-20);
  const optimizer = Float32Array.of(0.5, -2, 1e-30, 4, 5, 6);
  await store.endRound(round, { study: 'pulse', modelRound: 4, parameters, optimizer });
  await store.openRound({ ...opened, study: 'exit' });
  const participants = ['ann', 'bob ü😀'];
  await store.endRound({ ...round, study: 'exit' }, { study: 'exit', modelRound: 1, parameters }, { participants });
  await store.openRound({ ...opened, round: 2 });
  await store.secret('invitation', 32);
  const all = Array.from({ length: reports }, (_, i) => report(`p${i}`, i % 3 === 0 ? 'exit' : 'pulse'));
  await Promise.all(all.map((entry) => store.addReport(entry)));
  await overseen(store);
  return store;
}

/** Two persons, a draft that is approved and one that is not, a study that is purged, and the log of it. */
async function overseen(store: Store): Promise<void> {
  const entry = (action: LogContent['action'], subject: string): LogContent => {
    const actor = { type: 'person', name: 'Ada ü', role: 'analyst' } as const;
    return {
      at: publishedAt,
      actor,
      action,
      subject,
      details: { blocks: 2, share: 0.25, simulated: true, text: '😀' },
    };
  };
  for (const [name, role] of [
    ['Ada ü', 'analyst'],
    ['Ovid', 'officer'],
  ] as const) {
    await store.addPerson({ name, role, tokenHash: `of ${name}`, addedAt: publishedAt }, entry('person-added', name));
  }
  const draft = { hash: 'h', manifest: '{}', proposer: 'Ada ü', proposedAt: publishedAt, approval: null };
  for (const study of ['next', 'other']) await store.putDraft({ study, ...draft }, entry('draft-proposed', study));
  const approval = { study: 'next', hash: 'h', approver: 'Ovid', at: publishedAt };
  await store.approveDraft(approval, entry('draft-approved', 'next'));
  await store.closeStudy({ study: 'empty', closedAt: publishedAt }, entry('study-closed', 'empty'));
  await store.purgeStudy(
    { study: 'empty', at: publishedAt, voices: 7, released: '{}' },
    entry('study-purged', 'empty'),
  );
  const file = entry('study-exported', 'pulse');
  await store.recordExport({ ...file, actor: { type: 'public' }, details: { numbers: 'n' } }, publishedAt);
  await store.recordRelease({ study: 'pulse', blocks: 2 }, entry('results-released', 'pulse'));
}

async function everything(store: Store) {
  const page = { after: 0, limit: 1_000_000 };
  return {
    ...(await store.snapshot()),
    pulse: await store.readReports('pulse', page),
    exit: await store.readReports('exit', page),
  };
}

async function backUp(store: Store): Promise<string> {
  const file = join(temporaryFolder(), 'backup');
  await pipeline(backupStream(store, { now }), createWriteStream(file));
  return file;
}

/** Lines as a backup is packed. */
function joined(lines: string[]): Buffer {
  return gzipSync(lines.map((one) => `${one}\n`).join(''));
}

/** The same with an end line that fits, as by a program that does it wrong. */
function whole(lines: string[]): Buffer {
  const counts = noRecords();
  for (const one of lines.slice(1)) counts[(JSON.parse(one) as BackupRecord).type] += 1;
  const sha256 = createHash('sha256')
    .update(lines.map((one) => `${one}\n`).join(''))
    .digest('hex');
  return joined([...lines, JSON.stringify({ type: 'end', counts, sha256 })]);
}

async function restoreInto(kind: Kind, place: string, file: string) {
  return restore(createReadStream(file), await kind.target(place));
}

const directions: [string, Kind, Kind][] = [
  ['SQLite to SQLite', sqlite, sqlite],
  ['SQLite to Postgres', sqlite, postgres],
  ['Postgres to SQLite', postgres, sqlite],
  ['Postgres to Postgres', postgres, postgres],
];

describe.each(directions)('backup from %s', (_, from, to) => {
  const missing = from === postgres || to === postgres ? postgresMissing : '';

  it.skipIf(missing)(`gives back all that was stored, in its order${missing}`, async () => {
    const store = await filledStore(from);
    const file = await backUp(store);
    const place = to.newPlace();
    const summary = await restoreInto(to, place, file);
    const people = { person: 2, draft: 2, 'end-of-study': 1, log: 9 };
    const counts = { study: 3, round: 3, model: 2, participation: 2, secret: 1, ...people, report: 1200 };
    expect(summary).toEqual({ createdAt: '2026-11-21T08:00:00.000Z', counts });
    const restored = await open(to, place);
    expect(await everything(restored)).toEqual(await everything(store));

    // The restored store goes on: nothing is taken for new, and no sequence is used twice.
    expect(await restored.addReport(report('p1'))).toMatchObject({ state: 'duplicate' });
    await restored.addReport(report('newcomer'));
    await restored.putStudy({ id: 'next', hash: 'h', manifest: '{}', publishedAt });
    const last = (await restored.readReports('pulse', { after: 0, limit: 1_000_000 })).at(-1)!;
    expect(last.participant).toBe('newcomer');
    expect(last.sequence).toBeGreaterThan(Math.max(...(await everything(store)).exit.map(({ sequence }) => sequence)));
    expect((await restored.listStudies()).at(-1)!.id).toBe('next');
  });
});

describe.each([
  ['SQLite', sqlite, ''],
  ['Postgres', postgres, postgresMissing],
] as const)('backup of %s', (_, kind, missing) => {
  it.skipIf(missing)(`is of one moment, though reports and rounds come in meanwhile${missing}`, async () => {
    const store = await filledStore(kind);
    const before = await everything(store);
    const snapshot: Store['snapshot'] = async () => {
      const taken = await store.snapshot();
      await Promise.all([
        store.endRound({ ...round, round: 2, state: 'abandoned' }, null),
        store.putStudy({ id: 'late', hash: 'h', manifest: '{}', publishedAt }),
        ...Array.from({ length: 600 }, (__, i) => store.addReport(report(`late${i}`))),
      ]);
      return taken;
    };
    const readReports: Store['readReports'] = (study, page) => store.readReports(study, page);
    const place = kind.newPlace();
    await restore(backupStream({ snapshot, readReports }, { now }), await kind.target(place));
    expect(await everything(await open(kind, place))).toEqual(before);
    expect(await store.countReports('pulse')).toBe(1400);
  });

  it.skipIf(missing)(`[S11] has each report once, of which some are withdrawn meanwhile${missing}`, async () => {
    const store = await filledStore(kind, 3000);
    const withdraw = (participant: string) =>
      store.withdrawReport({ study: 'pulse', participant, counted: 1_000_000, room: 1 });
    await withdraw('p1');
    const before = (await store.readReports('pulse', { after: 0, limit: 1_000_000 })).map((one) => one.participant);
    let reads = 0;
    const readReports: Store['readReports'] = async (study, page) => {
      // Those of the first pages were given with their text by then, those of later ones were not.
      if (study === 'pulse' && (reads += 1) === 2) await Promise.all(['p2', 'p2999'].map(withdraw));
      return store.readReports(study, page);
    };
    const place = kind.newPlace();
    await restore(backupStream({ snapshot: () => store.snapshot(), readReports }, { now }), await kind.target(place));
    const restored = await open(kind, place);
    const reports = await restored.readReports('pulse', { after: 0, limit: 1_000_000 });
    expect(reports.map((one) => one.participant).toSorted()).toEqual(before.toSorted());
    const withdrawn = reports.filter(({ withdrawnFrom }) => withdrawnFrom !== undefined);
    expect(withdrawn.map(({ participant, text }) => [participant, text])).toEqual([
      ['p1', ''],
      ['p2999', ''],
    ]);
    expect((await restored.readReport('pulse', 'p2'))!.text).not.toBe('');
    await expect(restored.addReport(report('p2999'))).rejects.toMatchObject({ code: 'REPORT_WITHDRAWN' });
  });

  it.skipIf(missing)(`is refused where it is cut off or changed, and nothing is kept${missing}`, async () => {
    const bytes = await readFile(await backUp(await filledStore(kind, 700)));
    const text = gunzipSync(bytes).toString();
    const lines = text.trimEnd().split('\n');
    const half = Math.floor(bytes.length / 2);
    const edited = (from: string | RegExp, to: string): Buffer => {
      const changed = text.replace(from, to);
      expect(changed).not.toBe(text);
      return gzipSync(changed);
    };
    const damaged: [string, Uint8Array][] = [
      ['it is cut off', bytes.subarray(0, bytes.length - 1)],
      ['it is cut off', bytes.subarray(0, half)],
      ['it is cut off', bytes.subarray(0, 0)],
      ['it is cut off', joined(lines.slice(0, -1))],
      ['it is cut off', edited(/\n$/, '')],
      ['', Buffer.from(bytes).fill(0x55, half, half + 4)],
      ['no backup', gzipSync('{"format":"other","version":1}\n')],
      ['no backup', Buffer.from('neither')],
      ['newer version', edited('"version":1', '"version":2')],
      ['checksum', edited('"participant":"p650"', '"participant":"p65X"')],
      ['checksum', joined(lines.with(20, lines[21]!).with(21, lines[20]!))],
      ['checksum', joined(lines.toSpliced(20, 1))],
      ['checksum', edited(/[0-9a-f]{64}(?="}\n$)/, '0'.repeat(64))],
      ['type report', edited('"report":700', '"report":701')],
      ['no record', edited('"type":"secret"', '"type":"sacred"')],
      ['no JSON', edited('{"type":"secret"', '{"type:"secret"')],
      ['contradict', whole([...lines.slice(0, -1), lines[1]!])],
      ['contradict', whole(lines.slice(0, -1).toSpliced(1, 1))],
      ['follows its end', joined([...lines, lines[1]!])],
      ['follows its end', Buffer.concat([bytes, joined([lines[1]!])])],
    ];
    for (const [reason, changed] of damaged) {
      const file = join(temporaryFolder(), 'damaged');
      await writeFile(file, changed);
      const place = kind.newPlace();
      const error = await restoreInto(kind, place, file).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ name: 'BackupInvalidError', message: expect.stringContaining(reason) });
      if (kind === sqlite) expect(readdirSync(place)).toEqual([]);
      const store = await kind.open(place);
      expect(await store.snapshot()).toEqual({
        studies: [],
        reports: [],
        rounds: [],
        models: [],
        participations: [],
        secrets: [],
        persons: [],
        drafts: [],
        ends: [],
        log: [],
      });
      await store.close();
    }
  });

  it.skipIf(missing)(`is read into an empty store only${missing}`, async () => {
    const file = await backUp(await filledStore(kind, 10));
    const place = kind.newPlace();
    const other = await kind.open(place);
    const secret = await other.secret('invitation', 32);
    await other.close();
    await expect(restoreInto(kind, place, file)).rejects.toMatchObject({
      name: 'StorageError',
      message: expect.stringContaining('it is not empty'),
    });
    const again = await open(kind, place);
    expect(await again.secret('invitation', 32)).toEqual(secret);
    expect(await again.listStudies()).toEqual([]);
  });

  it.skipIf(missing)(`fails where the store does, without an end${missing}`, async () => {
    const store = await filledStore(kind, 3000);
    const readReports: Store['readReports'] = async (study, page) => {
      if (page.after > 0) await store.close();
      return store.readReports(study, page);
    };
    const stream = backupStream({ snapshot: () => store.snapshot(), readReports }, { now });
    await expect(pipeline(stream, createWriteStream(join(temporaryFolder(), 'half')))).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
  });
});

it('reads a backup from before models had anything beside their parameters', async () => {
  const text = gunzipSync(await readFile(await backUp(await filledStore(sqlite, 10)))).toString();
  const lines = text.trimEnd().split('\n').slice(0, -1);
  const file = join(temporaryFolder(), 'older');
  await writeFile(file, whole(lines.map((one) => one.replace(/,"optimizer":"[^"]*"/, ''))));
  const place = sqlite.newPlace();
  await restoreInto(sqlite, place, file);
  const { models } = await (await open(sqlite, place)).snapshot();
  expect(models).toStrictEqual([
    { study: 'exit', modelRound: 1, parameters: Float32Array.of(1, -0, 3e-20) },
    { study: 'pulse', modelRound: 4, parameters: Float32Array.of(1, -0, 3e-20) },
  ]);
});

it('restores a folder that only its owner can read', async () => {
  const file = await backUp(await filledStore(sqlite, 10));
  const place = sqlite.newPlace();
  await restoreInto(sqlite, place, file);
  expect(statSync(join(place, 'chorale.db')).mode & 0o777).toBe(0o600);
  expect(existsSync(join(place, 'chorale.db-wal'))).toBe(false);
});
