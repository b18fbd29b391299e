import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { layFaultyLine } from '../../testing/faulty-line.ts';
import { type PostgresServer, startPostgres } from '../../testing/postgres-server.ts';
import { postgresProgramsMissing } from '../../testing/shared-postgres.ts';
import { openPostgresTarget } from './postgres-restore.ts';
import { PostgresStore } from './postgres-store.ts';
import { StorageError } from './storage-error.ts';

const publishedAt = '2026-11-01T08:00:00.000Z';
const report = (participant: string) => ({
  study: 'pulse',
  participant,
  group: 'sales',
  text: `of ${participant}`,
  receivedAt: publishedAt,
});

const isTrue = () => true;
const isFalse = () => false;

describe.skipIf(postgresProgramsMissing)(`PostgresStore: outages${postgresProgramsMissing}`, () => {
  let server: PostgresServer;
  let schemas = 0;
  beforeAll(async () => void (server = await startPostgres()), 120_000);
  afterAll(() => server?.remove());

  /** A store of its own with the study `pulse`. */
  async function openStore({ url = server.databaseUrl, timeoutMs = 15_000 } = {}): Promise<PostgresStore> {
    schemas += 1;
    const store = await PostgresStore.open(url, { schema: `outage_${schemas}`, timeoutMs });
    onTestFinished(() => store.close());
    await store.putStudy({ id: 'pulse', hash: 'h', manifest: '{}', publishedAt });
    return store;
  }

  it('refuse everything while the server is stopped, and end with it', async () => {
    const store = await openStore();
    await store.addReport(report('ann'));
    await server.stop();
    const refusal = { name: 'StorageError', code: 'STORAGE_UNAVAILABLE', retryAfterMs: 5000 };
    await expect(store.addReport(report('bob'))).rejects.toMatchObject(refusal);
    await expect(store.readRounds('pulse')).rejects.toMatchObject(refusal);
    await expect(store.ready()).rejects.toMatchObject(refusal);
    await server.start();
    await store.ready();
    expect(await store.addReport(report('bob'))).toMatchObject({ state: 'stored' });
    expect(await store.countReports('pulse')).toBe(2);
  });

  it('[S10] lose nothing that was acknowledged before the server was killed, though its default is to write later', async () => {
    const url = `${server.databaseUrl}?options=${encodeURIComponent('-c synchronous_commit=off')}`;
    const store = await openStore({ url });
    const acknowledged: string[] = [];
    const failed: string[] = [];
    const killed = Promise.withResolvers<void>();
    const write = async (writer: number) => {
      for (let i = 0; ; i += 1) {
        const participant = `w${writer}-${i}`;
        try {
          await store.addReport(report(participant));
        } catch (error) {
          expect(error).toBeInstanceOf(StorageError);
          failed.push(participant);
          return;
        }
        acknowledged.push(participant);
        if (acknowledged.length === 2000) void server.kill().then(killed.resolve);
      }
    };
    await Promise.all(Array.from({ length: 40 }, (_, writer) => write(writer)));
    await killed.promise;
    await server.start();

    const stored = await store.readReports('pulse', { after: 0, limit: 100_000 });
    const names = new Set(stored.map(({ participant }) => participant));
    expect(names.size).toBe(stored.length);
    expect(acknowledged.filter((participant) => !names.has(participant))).toEqual([]);
    // Those without an answer are stored or not; sending them again settles it.
    for (const participant of failed) {
      const { state } = await store.addReport(report(participant));
      expect(state).toBe(names.has(participant) ? 'duplicate' : 'stored');
    }
    expect(await store.countReports('pulse')).toBe(new Set([...acknowledged, ...failed]).size);
  });

  it.each(['add', 'commit'] as const)('keep nothing of a restore during whose %s the server dies', async (step) => {
    schemas += 1;
    const schema = `outage_${schemas}`;
    const target = await openPostgresTarget(server.databaseUrl, { schema });
    const study = { type: 'study', id: 'pulse', hash: 'h', manifest: '{}', publishedAt } as const;
    await target.add([study]);
    await server.kill();
    const failed = step === 'add' ? target.add([{ ...study, id: 'exit' }]) : target.commit();
    await expect(failed).rejects.toMatchObject({ name: 'StorageError' });
    await target.abandon();
    await server.start();
    const store = await PostgresStore.open(server.databaseUrl, { schema });
    onTestFinished(() => store.close());
    expect(await store.listStudies()).toEqual([]);
  });

  it('close at once while the server is gone', async () => {
    const store = await openStore();
    await server.kill();
    await store.close();
    await expect(PostgresStore.open(server.databaseUrl)).rejects.toBeInstanceOf(StorageError);
    await server.start();
  });

  it('wait for no server that has stopped answering, and go on once it does again', async () => {
    const store = await openStore({ timeoutMs: 1500 });
    await store.addReport(report('ann'));
    server.freeze(true);
    onTestFinished(() => server.freeze(false));
    const asked = await Promise.allSettled([
      store.addReport(report('bob')),
      store.countReports('pulse'),
      store.ready(),
      store.snapshot(),
    ]);
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
    for (const outcome of asked) expect(outcome).toMatchObject({ reason: { code: 'STORAGE_UNAVAILABLE' } });
    server.freeze(false);
    // However slow this machine is: connecting may time out a few times more.
    while (!(await store.ready().then(isTrue, isFalse)));
    expect(await store.addReport(report('cid'))).toMatchObject({ state: 'stored' });
    expect(['stored', 'duplicate']).toContain((await store.addReport(report('bob'))).state);
    expect(await store.countReports('pulse')).toBe(3);
  });

  it('use no connection again that the network has lost', async () => {
    const line = await layFaultyLine(server.databaseUrl);
    onTestFinished(() => line.close());
    const store = await openStore({ url: line.databaseUrl, timeoutMs: 1500 });
    line.stall();
    await expect(store.ready()).rejects.toThrow('database: it did not answer in time');
    await store.ready();
    line.stall();
    await expect(store.addReport(report('ann'))).rejects.toThrow('database: it did not answer in time');
    expect(await store.addReport(report('ann'))).toMatchObject({ state: 'stored' });
  });

  it('[S8] count a report once whose acknowledgement was lost on the way', async () => {
    const line = await layFaultyLine(server.databaseUrl);
    onTestFinished(() => line.close());
    const store = await openStore({ url: line.databaseUrl });
    line.loseReplyTo('commit');
    await expect(store.addReport(report('ann'))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await store.addReport(report('ann'))).toMatchObject({ state: 'duplicate' });
    line.loseReplyTo('begin');
    await expect(store.addReport(report('bob'))).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(await store.addReport(report('bob'))).toMatchObject({ state: 'stored' });
    expect(await store.countReports('pulse')).toBe(2);
  });

  it('wait for no lock that somebody else keeps', async () => {
    const store = await openStore({ timeoutMs: 1500 });
    const keeper = new pg.Client({ connectionString: server.databaseUrl });
    await keeper.connect();
    await keeper.query(`BEGIN; SELECT id FROM outage_${schemas}.study FOR UPDATE`);
    await expect(store.addReport(report('ann'))).rejects.toThrow('database: it did not answer in time (57014)');
    await keeper.end();
    expect(await store.addReport(report('ann'))).toMatchObject({ state: 'stored' });
  });

  it.each([
    ['nothing listens', () => 'postgres://somebody:pass-phrase@127.0.0.1:1/other', 'nothing listens at its address'],
    ['the database does not exist', () => changed({ pathname: '/other' }), 'it does not exist (3D000)'],
    ['the user does not exist', () => changed({ username: 'somebody' }), 'it refuses the user or the password (28000)'],
    ['the host is unknown', () => 'postgres://somebody:pass-phrase@nowhere.invalid/other', 'its host is unknown'],
    ['the URL is of something else', () => 'mysql://somebody:pass-phrase@127.0.0.1/other', 'its URL must begin with'],
    ['the URL cannot be read', () => 'postgres://somebody:pass-phrase@127.0.0.1:port/other', 'its URL cannot be read'],
  ])('where %s, say so in one line without the password or the address', async (_, url, reason) => {
    const error = await PostgresStore.open(url()).then(
      () => null,
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(StorageError);
    expect(String(error)).toContain(`database: ${reason}`);
    expect(String(error)).not.toMatch(/pass-phrase|somebody|127\.0\.0\.1|nowhere|other|\n/);
    // Logs print causes and stacks as well.
    expect(error).not.toHaveProperty('cause');
    expect(error).toMatchObject({ stack: expect.not.stringMatching(/pass-phrase|somebody/) });
  });

  it('refuse a server that does not write through to the disk', async () => {
    const client = new pg.Client({ connectionString: server.databaseUrl });
    await client.connect();
    onTestFinished(() => client.end());
    const set = async (value: 'on' | 'off'): Promise<void> => {
      await client.query(`ALTER SYSTEM SET fsync = ${value}`);
      await client.query('SELECT pg_reload_conf()');
      await expect.poll(async () => (await client.query('SHOW fsync')).rows[0].fsync).toBe(value);
    };
    await set('off');
    await expect(PostgresStore.open(server.databaseUrl)).rejects.toThrow('database: its fsync is off');
    await set('on');
    await (await openStore()).ready();
  });

  it('refuse tables of a newer version, and a database that cannot hold all texts', async () => {
    const store = await openStore();
    await store.close();
    const client = new pg.Client({ connectionString: server.databaseUrl });
    await client.connect();
    onTestFinished(() => client.end());
    await client.query(`UPDATE outage_${schemas}.chorale_version SET version = 999`);
    await client.query(`CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`);
    const schema = `outage_${schemas}`;
    await expect(PostgresStore.open(server.databaseUrl, { schema })).rejects.toThrow('newer version of Chorale');
    await expect(PostgresStore.open(changed({ pathname: '/latin' }))).rejects.toThrow('encoding must be UTF8');
  });

  function changed(change: { pathname?: string; username?: string }): string {
    return Object.assign(new URL(server.databaseUrl), { password: 'pass-phrase', ...change }).href;
  }
});
