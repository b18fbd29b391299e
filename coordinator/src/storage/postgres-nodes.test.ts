import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { postgresMissing, sharedDatabaseUrl, temporarySchema } from '../../testing/shared-postgres.ts';
import { PostgresStore } from './postgres-store.ts';
import type { ReportRecord, StoredReport } from './store.ts';

const publishedAt = '2026-11-01T08:00:00.000Z';
const report = (participant: string, change: Partial<ReportRecord> = {}): ReportRecord => ({
  study: 'pulse',
  participant,
  group: 'sales',
  text: `of ${participant}`,
  receivedAt: publishedAt,
  ...change,
});
/** Of a series. */
const WAVE = '{"series":"pulse"}';
const newStudy = (hash: string) => ({ id: 'new', hash, manifest: '{}', publishedAt });

async function openNode(schema: string): Promise<PostgresStore> {
  const store = await PostgresStore.open(await sharedDatabaseUrl(), { schema });
  onTestFinished(() => store.close());
  return store;
}

/** Two nodes on one database with the studies `pulse` and `exit`. */
async function twoNodes() {
  const schema = temporarySchema();
  const [one, two] = await Promise.all([openNode(schema), openNode(schema)]);
  for (const id of ['pulse', 'exit']) await one.putStudy({ id, hash: id, manifest: '{}', publishedAt });
  return { schema, one, two };
}

/** Somebody else's connection to the same tables. */
async function connect(schema: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: await sharedDatabaseUrl() });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`SET search_path = ${schema}`);
  return client;
}

/** Reads reports like the tally does, page by page, until `isOver`; then what is left. */
async function follow(
  read: (page: { after: number; limit: number }) => Promise<StoredReport[]>,
  isOver: () => boolean,
): Promise<StoredReport[]> {
  const seen: StoredReport[] = [];
  for (let isLast = false; ;) {
    const page = await read({ after: seen.at(-1)?.sequence ?? 0, limit: 100 });
    seen.push(...page);
    if (page.length === 0 && isLast) return seen;
    isLast = isOver();
  }
}

/** Whether somebody waits for what this connection has locked. */
async function isBlocking(client: pg.Client): Promise<boolean> {
  const watcher = new pg.Client({ connectionString: await sharedDatabaseUrl() });
  await watcher.connect();
  const { rows } = await watcher.query(
    `SELECT count(*)::int AS waiting FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND $1 = ANY(pg_blocking_pids(pid))`,
    [Reflect.get(client, 'processID')],
  );
  await watcher.end();
  return rows[0].waiting === 1;
}

/** 25 reports, one after the other, of the two studies in turn. */
async function writeBoth(node: PostgresStore, writer: string): Promise<void> {
  for (let i = 0; i < 25; i += 1) {
    await node.addReport(report(`${writer}-${i}`, { study: i % 2 === 0 ? 'pulse' : 'exit' }));
  }
}

describe.skipIf(postgresMissing)(`PostgresStore: several nodes${postgresMissing}`, () => {
  it('come up together on an empty database', async () => {
    const schema = temporarySchema();
    const nodes = await Promise.all(Array.from({ length: 6 }, () => openNode(schema)));
    await nodes[0]!.putStudy({ id: 'pulse', hash: 'h', manifest: '{}', publishedAt });
    for (const node of nodes) expect(await node.listStudies()).toHaveLength(1);
  });

  it('come up together on a database of the first version', async () => {
    const { schema, one, two } = await twoNodes();
    await one.addReport(report('ann'));
    await Promise.all([one.close(), two.close()]);
    const client = await connect(schema);
    // What each later version added.
    await client.query(`ALTER TABLE model DROP COLUMN optimizer; DROP TABLE training, claim, partial, participation, person, draft, study_end, log; DROP SEQUENCE node_number;
      ALTER TABLE round DROP COLUMN closing; ALTER TABLE study DROP COLUMN series;
      ALTER TABLE report DROP COLUMN withdrawn_from, DROP COLUMN withdrawal; UPDATE chorale_version SET version = 1`);
    const nodes = await Promise.all(Array.from({ length: 4 }, () => openNode(schema)));
    for (const node of nodes) expect(await node.countReports('pulse')).toBe(1);
    expect((await client.query('SELECT version FROM chorale_version')).rows).toEqual([{ version: 7 }]);
    expect(
      (await client.query(`SELECT closing, nextval('node_number') FROM round FULL JOIN training USING (study)`)).rows,
    ).toEqual([]);
  });

  it('make the same secret', async () => {
    const { one, two } = await twoNodes();
    const secrets = await Promise.all([one, two, one, two].map((node) => node.secret('invitation', 32)));
    secrets.forEach((secret) => expect(secret).toEqual(secrets[0]));
  });

  it('[S2] publish one manifest of an id', async () => {
    const { one, two } = await twoNodes();
    const published = [one.putStudy(newStudy('a')), two.putStudy(newStudy('b')), one.putStudy(newStudy('b'))];
    const outcomes = await Promise.allSettled([...published, two.putStudy(newStudy('a'))]);
    const created = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(created.map(({ value }) => value).sort()).toEqual(['created', 'unchanged']);
  });

  it('[S8] store one of two texts of a participant, whichever node it came to', async () => {
    const { one, two } = await twoNodes();
    for (let i = 0; i < 20; i += 1) {
      const outcomes = await Promise.allSettled([
        one.addReport(report(`p${i}`, { text: 'a' })),
        two.addReport(report(`p${i}`, { text: 'b' })),
        two.addReport(report(`p${i}`, { text: 'a' })),
        one.addReport(report(`p${i}`, { text: 'b' })),
      ]);
      const states = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.state : 'refused'));
      expect(states.sort()).toEqual(['duplicate', 'refused', 'refused', 'stored']);
    }
    expect(await one.countReports('pulse')).toBe(20);
  });

  it('end a round once', async () => {
    const { one, two } = await twoNodes();
    const open = {
      study: 'pulse',
      round: 1,
      kind: 'train',
      modelRound: 0,
      cohort: 2,
      accepted: 2,
      dropouts: 0,
    } as const;
    const nothing = { reason: null, histogram: null, shape: null };
    await one.openRound({ ...open, ...nothing, state: 'open', startedAt: publishedAt, endedAt: null });
    const end = (node: PostgresStore, value: number) =>
      node.endRound(
        { ...open, ...nothing, state: 'committed', startedAt: publishedAt, endedAt: publishedAt },
        { study: 'pulse', modelRound: 1, parameters: Float32Array.of(value) },
      );
    const outcomes = await Promise.allSettled([end(one, 1), end(two, 2)]);
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect(outcomes[1 - winner]).toMatchObject({ reason: { message: 'round 1 of study pulse is not open' } });
    expect(await one.latestModel('pulse')).toMatchObject({ parameters: Float32Array.of(winner + 1) });
  });

  it('never show a report below one that was read already, while both write as fast as they can', async () => {
    const { one, two } = await twoNodes();
    let isOver = false;
    const readers = [
      follow(
        (page) => one.readReports('pulse', page),
        () => isOver,
      ),
      follow(
        (page) => two.readReports('exit', page),
        () => isOver,
      ),
    ];
    const writers = Array.from({ length: 40 }, (_, writer) => writeBoth(writer % 2 === 0 ? one : two, `w${writer}`));
    await Promise.all(writers);
    isOver = true;
    const [pulse, exit] = await Promise.all(readers);
    expect(pulse!.length).toBe(await one.countReports('pulse'));
    expect(exit!.length).toBe(await one.countReports('exit'));
    expect(pulse!.length + exit!.length).toBe(1000);
    const sequences = [...pulse!, ...exit!].map(({ sequence }) => sequence);
    expect(new Set(sequences).size).toBe(1000);
  });

  it('wait for a report that drew its sequence earlier and is not committed yet', async () => {
    const { schema, one, two } = await twoNodes();
    const slow = await connect(schema);
    await slow.query('BEGIN');
    await slow.query(`SELECT id FROM study WHERE id = 'pulse' FOR NO KEY UPDATE`);
    await slow.query(`INSERT INTO report (study, participant, group_id, text, received_at)
                      VALUES ('pulse', 'slow', 'sales', 'of slow', '${publishedAt}')`);
    const stored: string[] = [];
    const fast = two.addReport(report('fast')).then(({ state }) => stored.push(state));
    while (stored.length === 0 && !(await isBlocking(slow))) await turn();
    expect(await one.readReports('pulse', { after: 0, limit: 9 })).toEqual([]);
    // Other studies do not wait.
    await one.addReport(report('other', { study: 'exit' }));
    expect(stored).toEqual([]);
    await slow.query('COMMIT');
    await fast;
    const read = await one.readReports('pulse', { after: 0, limit: 9 });
    expect(read.map(({ participant }) => participant)).toEqual(['slow', 'fast']);
  });

  it('[E5] read the waves of a series in one order, while both write as fast as they can', async () => {
    const { one, two } = await twoNodes();
    for (const id of ['spring', 'autumn']) await one.putStudy({ ...newStudy(id), id, manifest: WAVE });
    let isOver = false;
    const readers = [one, two].map((node) =>
      follow(
        (page) => node.readSeriesReports('pulse', page),
        () => isOver,
      ),
    );
    const write = async (writer: number): Promise<void> => {
      const node = writer % 2 === 0 ? one : two;
      for (let i = 0; i < 25; i += 1) {
        const study = (writer + i) % 3 === 0 ? 'spring' : 'autumn';
        await node.addReport(report(`w${writer}-${i}`, { study }));
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, writer) => write(writer)));
    isOver = true;
    const [first, second] = await Promise.all(readers);
    expect(first).toHaveLength(500);
    expect(second).toEqual(first);
  });

  it('[E5] wait for a report of another wave that drew its sequence earlier, be the wave of later reports new', async () => {
    const { schema, one, two } = await twoNodes();
    await one.putStudy({ ...newStudy('spring'), id: 'spring', manifest: WAVE });
    const slow = await connect(schema);
    await slow.query('BEGIN');
    await slow.query(`SELECT id FROM study WHERE id = 'spring' FOR NO KEY UPDATE`);
    await slow.query(`INSERT INTO report (study, participant, group_id, text, received_at)
                      VALUES ('spring', 'slow', 'sales', 'of slow', '${publishedAt}')`);
    await two.putStudy({ ...newStudy('autumn'), id: 'autumn', manifest: WAVE });
    const stored: string[] = [];
    const fast = two.addReport(report('fast', { study: 'autumn' })).then(({ state }) => stored.push(state));
    while (stored.length === 0 && !(await isBlocking(slow))) await turn();
    expect(stored).toEqual([]);
    await slow.query('COMMIT');
    await fast;
    const read = await one.readSeriesReports('pulse', { after: 0, limit: 9 });
    expect(read.map(({ participant }) => participant)).toEqual(['slow', 'fast']);
  });

  it('store the reports beside one that the database refuses', async () => {
    const { one } = await twoNodes();
    // Longer than an entry of an index, and too random to be compressed into one.
    const endless = randomBytes(5000).toString('base64');
    const outcomes = await Promise.allSettled(['ann', endless, 'bob'].map((name) => one.addReport(report(name))));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(JSON.stringify(outcomes[1])).not.toContain(endless);
    expect(await one.countReports('pulse')).toBe(2);
  });
});
