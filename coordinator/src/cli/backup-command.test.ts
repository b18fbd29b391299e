import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pulseStudy } from '../../testing/pulse-study.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { emptyDatabaseUrl, postgresMissing } from '../../testing/shared-postgres.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { PostgresStore } from '../storage/postgres-store.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import type { Store } from '../storage/store.ts';

const binary = join(import.meta.dirname, '..', '..', 'bin', 'chorale.mjs');
const { DATA_DIR: _data, DATABASE_URL: _url, ...inherited } = process.env;
const environment = { ...inherited, NODE_COMPILE_CACHE: join(tmpdir(), 'chorale-compile-cache') };

/** Runs the command as an operator does, and waits for its end. */
async function chorale(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [binary, ...args], { env: { ...environment, ...env } });
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.stderr += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code: Number(code), ...printed };
}

async function json(args: string[], env?: NodeJS.ProcessEnv): Promise<any> {
  const { code, stdout, stderr } = await chorale([...args, '--json'], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

const publishedAt = '2026-11-01T08:00:00.000Z';

async function fill(store: Store, reports = 30): Promise<void> {
  await store.putStudy({ id: 'pulse', hash: 'h', manifest: '{}', publishedAt });
  await store.secret('invitation', 32);
  for (let i = 0; i < reports; i += 1) {
    await store.addReport({
      study: 'pulse',
      participant: `p${i}`,
      group: 'sales',
      text: `${i}`,
      receivedAt: publishedAt,
    });
  }
}

/** All that a store holds, which is closed then. */
async function contentOf(store: Store) {
  const content = [await store.snapshot(), await store.readReports('pulse', { after: 0, limit: 1000 })];
  await store.close();
  return content;
}

async function filledFolder(): Promise<string> {
  const folder = temporaryFolder();
  const store = await SqliteStore.open(folder);
  await fill(store);
  await store.close();
  return folder;
}

describe('chorale backup and restore', () => {
  it('carry a folder into a new one, in a file that only its owner can read', async () => {
    const folder = await filledFolder();
    const out = join(temporaryFolder(), 'b.gz');
    const backup = await json(['backup', '--data', folder, '--out', out]);
    const none = { round: 0, model: 0, participation: 0, person: 0, draft: 0, 'end-of-study': 0, log: 0 };
    const counts = { study: 1, ...none, secret: 1, report: 30 };
    expect(backup).toEqual({ file: out, bytes: statSync(out).size, createdAt: expect.any(String), counts });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const copy = join(temporaryFolder(), 'new');
    const restored = await json(['restore', '--from', out], { DATA_DIR: copy });
    expect(restored).toEqual({ file: out, createdAt: backup.createdAt, counts });
    expect(await contentOf(await SqliteStore.open(copy))).toEqual(await contentOf(await SqliteStore.open(folder)));
  });

  it('print what they did', async () => {
    const out = join(temporaryFolder(), 'b.gz');
    const backup = await chorale(['backup', '--data', await filledFolder(), '--out', out]);
    expect(backup).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^file +.+b\.gz\n(.*\n)+report +30\n$/),
    });
    const restored = await chorale(['restore', '--data', join(temporaryFolder(), 'new'), '--from', out]);
    expect(restored).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/\nreport +30\n$/) });
  });

  it('ask the server while it holds the folder', async () => {
    const { dataFolder, get } = await runCoordinator({ manifests: [pulseStudy()] });
    const out = join(temporaryFolder(), 'b.gz');
    const { counts } = await json(['backup', '--data', dataFolder, '--out', out]);
    expect(counts).toMatchObject({ study: 1, report: 0 });
    const copy = join(temporaryFolder(), 'new');
    await json(['restore', '--data', copy, '--from', out]);
    const store = await SqliteStore.open(copy);
    expect((await store.listStudies()).map(({ id }) => id)).toEqual(['pulse']);
    await store.close();
    const held = await chorale(['restore', '--data', dataFolder, '--from', out]);
    expect(held).toMatchObject({ code: 1, stderr: expect.stringContaining('in use by another process') });
    expect((await get('/api/v1/studies')).status).toBe(200);
  });

  it('give nobody a backup without the operator token', async () => {
    const { get } = await runCoordinator({ manifests: [pulseStudy()] });
    for (const headers of [{}, { authorization: 'Bearer AAAA' }]) {
      const response = await get('/api/v1/backup', { headers });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ code: 'TOKEN_INVALID' });
    }
  });

  it.skipIf(postgresMissing)(`carry a folder into a database and back${postgresMissing}`, async () => {
    const folder = await filledFolder();
    const [there, back] = ['there', 'back'].map((name) => join(temporaryFolder(), name));
    const url = await emptyDatabaseUrl();
    await json(['backup', '--data', folder, '--out', there!], { DATABASE_URL: url });
    await json(['restore', '--database-url', url, '--from', there!]);
    expect(await contentOf(await PostgresStore.open(url))).toEqual(await contentOf(await SqliteStore.open(folder)));
    await json(['backup', '--out', back!], { DATABASE_URL: url });
    const copy = join(temporaryFolder(), 'new');
    await json(['restore', '--data', copy, '--from', back!]);
    expect(await contentOf(await SqliteStore.open(copy))).toEqual(await contentOf(await SqliteStore.open(folder)));
    const again = await chorale(['restore', '--database-url', url, '--from', there!]);
    expect(again).toMatchObject({ code: 1, stderr: 'chorale: database: it is not empty; restore into a new one\n' });
  });

  it('keep nothing of a file that is cut off', async () => {
    const out = join(temporaryFolder(), 'b.gz');
    await json(['backup', '--data', await filledFolder(), '--out', out]);
    truncateSync(out, statSync(out).size - 3);
    const copy = join(temporaryFolder(), 'new');
    const outcome = await chorale(['restore', '--data', copy, '--from', out]);
    const stderr = `chorale: backup ${out}: it is cut off; nothing was kept\n`;
    expect(outcome).toEqual({ code: 1, stdout: '', stderr });
    expect(readdirSync(copy)).toEqual([]);
  });

  it('replace no file, and leave none behind when they fail', async () => {
    const place = temporaryFolder();
    const out = join(place, 'b.gz');
    writeFileSync(out, 'precious');
    const again = await chorale(['backup', '--data', await filledFolder(), '--out', out]);
    expect(again).toEqual({ code: 2, stdout: '', stderr: `chorale: --out ${out} is there already\n` });
    expect(readFileSync(out, 'utf8')).toBe('precious');
    const empty = await chorale(['backup', '--data', join(place, 'none'), '--out', join(place, 'c.gz')]);
    expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining('holds nothing to back up') });
    expect(readdirSync(place)).toEqual(['b.gz']);
  });

  it.each([
    [['backup', '--data', 'x'], /required option '--out <FILE>' not specified/],
    [['restore', '--data', 'x', '--from', '/none'], /^chorale: --from \/none is not there\n$/],
    [['backup', '--data', 'x', '--database-url', 'postgres://y', '--out', 'z'], /not both/],
  ])('refuse %j', async (args, stderr) => {
    expect(await chorale(args)).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(stderr) });
  });

  it('say that the file holds secrets', async () => {
    expect((await chorale(['backup', '--help'])).stdout).toMatch(/holds the secrets that sign invitations/);
  });
});
