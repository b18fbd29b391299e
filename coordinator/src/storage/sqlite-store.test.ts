import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { describeOversight } from './oversight-contract.ts';
import { prepareDatabase } from './sqlite-schema.ts';
import { SqliteStore } from './sqlite-store.ts';
import { StorageError } from './storage-error.ts';
import { describeStore } from './store-contract.ts';

const place = { newPlace: temporaryFolder, open: (folder: string) => SqliteStore.open(folder) };
describeStore('SqliteStore', place);
describeOversight('SqliteStore', place);

/** A process that holds a folder and adds reports to it. */
function startBurst(folder: string) {
  const script = fileURLToPath(new URL('../../testing/report-burst.ts', import.meta.url));
  return spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
}

it('SqliteStore takes over a folder of the first version', async () => {
  const folder = temporaryFolder();
  await (await SqliteStore.open(folder)).close();
  // What each later version added.
  execute(folder, 'DROP TABLE heartbeat; ALTER TABLE round DROP COLUMN shape; PRAGMA user_version = 1');
  execute(folder, 'ALTER TABLE model DROP COLUMN optimizer; DROP TABLE participation');
  execute(folder, 'DROP INDEX study_by_series; ALTER TABLE study DROP COLUMN series');
  execute(folder, 'ALTER TABLE report DROP COLUMN withdrawn_from; ALTER TABLE report DROP COLUMN withdrawal');
  execute(folder, 'DROP TABLE person; DROP TABLE draft; DROP TABLE study_end; DROP TABLE log');
  execute(
    folder,
    `INSERT INTO study VALUES (1, 'pulse', 'h', '{}', '2026-11-01');
     INSERT INTO report VALUES (7, 'pulse', 'ann', 'sales', 'text', '2026-11-02');
     INSERT INTO round VALUES ('pulse', 1, 'train', 'committed', 0, 3, 2, 1, '2026-11-03', '2026-11-04', NULL, NULL);
     INSERT INTO model VALUES ('pulse', 1, x'0000803f')`,
  );
  const store = await SqliteStore.open(folder);
  onTestFinished(() => store.close());
  await store.ready();
  expect(await store.readRounds('pulse')).toMatchObject([{ round: 1, state: 'committed', accepted: 2, shape: null }]);
  expect(await store.readReports('pulse', { after: 0, limit: 9 })).toMatchObject([{ sequence: 7, text: 'text' }]);
  await store.withdrawReport({ study: 'pulse', participant: 'ann', counted: 7, room: 1 });
  expect(await store.readReport('pulse', 'ann')).toMatchObject({ sequence: 8, text: '', withdrawnFrom: 7 });
  const model = { study: 'pulse', modelRound: 1, parameters: Float32Array.of(1) };
  expect(await store.latestModel('pulse')).toStrictEqual(model);
});

it('SqliteStore flushes each commit through to the disk', () => {
  const folder = temporaryFolder();
  const db = new DatabaseSync(join(folder, 'chorale.db'));
  onTestFinished(() => db.close());
  prepareDatabase(db, folder);
  const setting = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get()!)[0];
  expect(['journal_mode', 'synchronous', 'fullfsync', 'checkpoint_fullfsync'].map(setting)).toEqual(['wal', 2, 1, 1]);
});

it('SqliteStore refuses what cannot be sent to its thread, and that alone', async () => {
  const store = await SqliteStore.open(temporaryFolder());
  onTestFinished(() => store.close());
  const [count, failed, studies] = await Promise.allSettled([
    store.countReports('pulse'),
    store.countReports((() => {}) as never),
    store.listStudies(),
  ]);
  expect(count).toMatchObject({ value: 0 });
  expect(failed).toMatchObject({ reason: expect.objectContaining({ name: 'DataCloneError' }) });
  expect(studies).toMatchObject({ value: [] });
});

describe('SqliteStore: folders it cannot use', () => {
  it('refuses a folder that another process holds, and has it once that one was killed', async () => {
    const folder = temporaryFolder();
    const child = startBurst(folder);
    await once(child.stdout, 'data');
    await expect(SqliteStore.open(folder)).rejects.toThrow(`data folder ${folder}: it is in use by another process`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = await SqliteStore.open(folder);
    expect(await store.countReports('burst')).toBeGreaterThan(0);
    await store.close();
  });

  it('refuses a folder that this process holds already', async () => {
    const folder = temporaryFolder();
    const store = await SqliteStore.open(folder);
    onTestFinished(() => store.close());
    await expect(SqliteStore.open(folder)).rejects.toThrow('in use by another process');
  });

  it.each([
    [
      'a file that is no database',
      (folder: string) => writeFileSync(join(folder, 'chorale.db'), 'x'.repeat(5000)),
      'not a database',
    ],
    [
      'a database of another program',
      (folder: string) => execute(folder, 'CREATE TABLE other (x)'),
      'belongs to another program',
    ],
    [
      'a database of a newer version',
      (folder: string) => execute(folder, 'PRAGMA application_id = 1128812370; PRAGMA user_version = 999'),
      'newer version',
    ],
    [
      'a folder in the place of the database',
      (folder: string) => mkdirSync(join(folder, 'chorale.db')),
      'cannot be opened',
    ],
  ])('refuses %s in one line', async (_, prepare, reason) => {
    const folder = temporaryFolder();
    prepare(folder);
    const error = await failure(folder);
    expect(error).toMatchObject({ name: 'StorageError', code: 'STORAGE_UNAVAILABLE' });
    expect(error.message).toContain(reason);
    expect(error.message).toMatch(/^data folder .+$/);
  });

  it('refuses a file in the place of the folder, and a place where no folder can be made', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    await expect(SqliteStore.open(file)).rejects.toThrow(`data folder ${file}: it is not a folder`);
    await expect(SqliteStore.open('/proc/chorale/data')).rejects.toThrow('data folder /proc/chorale/data: ');
  });

  // Permissions do not bind the superuser.
  it.skipIf(process.getuid?.() === 0)(
    'refuses a folder that is not writable (skipped for root, whom permissions do not stop)',
    async () => {
      const folder = join(temporaryFolder(), 'locked');
      mkdirSync(folder);
      chmodSync(folder, 0o500);
      await expect(SqliteStore.open(folder)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    },
  );

  it('does not tell clients about the folder', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'chorale.db'), 'x'.repeat(5000));
    expect(JSON.stringify((await failure(folder)).toWire())).not.toContain(folder);
  });
});

async function failure(folder: string): Promise<StorageError> {
  const outcome = await SqliteStore.open(folder).catch((cause: unknown) => cause);
  if (outcome instanceof StorageError) return outcome;
  throw new Error('a StorageError was expected', { cause: outcome });
}

function execute(folder: string, sql: string): void {
  const db = new DatabaseSync(join(folder, 'chorale.db'));
  db.exec(sql);
  db.close();
}
