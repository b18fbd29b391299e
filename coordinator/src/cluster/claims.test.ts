import { randomBytes } from 'node:crypto';
import { encodeIntegers, GRID_STEPS } from '@chorale/protocol';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { postgresMissing, sharedDatabaseUrl, temporarySchema } from '../../testing/shared-postgres.ts';
import { siteTask } from '../rounds/testing/study.ts';
import { connectPostgres } from '../storage/postgres-connections.ts';
import { PostgresStore } from '../storage/postgres-store.ts';
import { openRecord } from '../rounds/testing/round-record.ts';
import { Claims } from './claims.ts';
import { ClusterIntake } from './cluster-intake.ts';

const startedAt = '2026-11-01T08:00:00.000Z';
const KEY = { study: 'attrition', round: 1 };
const openRound = openRecord({ ...KEY, startedAt });

/** A store with an open round, and what its nodes 1 and 2 claim in it. */
async function openClaims() {
  const schema = temporarySchema();
  const databaseUrl = await sharedDatabaseUrl();
  const store = await PostgresStore.open(databaseUrl, { schema });
  const db = connectPostgres(databaseUrl, { schema });
  onTestFinished(async () => {
    await db.destroy();
    await store.close();
  });
  await store.putStudy({ id: KEY.study, hash: 'h', manifest: '{}', publishedAt: startedAt });
  await store.openRound(openRound);
  return { schema, store, one: new Claims(db, 1), two: new Claims(db, 2) };
}

const claimOf = (participant: string, digest = Buffer.alloc(32)) => ({ ...KEY, participant, digest });
const update = (...shares: number[]): Uint8Array =>
  encodeIntegers(Int32Array.from(shares.map((share) => share * GRID_STEPS)));

describe.skipIf(postgresMissing)(`claims${postgresMissing}`, () => {
  it('[R3] go to one of many that ask at the same time, on one node and on two', async () => {
    const { one, two } = await openClaims();
    const digests = Array.from({ length: 6 }, () => randomBytes(32));
    const outcomes = await Promise.all(
      digests.map((digest, i) => (i % 2 === 0 ? one : two).claim(claimOf('ann', digest))),
    );
    const winner = outcomes.findIndex(({ state }) => state === 'claimed');
    const held = { state: 'held', node: winner % 2 === 0 ? 1 : 2, digest: digests[winner] };
    expect(outcomes.toSpliced(winner, 1)).toEqual(Array.from({ length: 5 }, () => held));
  });

  it('[R19] are refused once the round is closing, and what was claimed before is known', async () => {
    const { one, two } = await openClaims();
    expect(await one.claim(claimOf('ann'))).toEqual({ state: 'claimed' });
    expect(await two.claim(claimOf('bob'))).toEqual({ state: 'claimed' });
    expect(await one.closeRound(KEY)).toEqual(
      new Map([
        [1, new Set(['ann'])],
        [2, new Set(['bob'])],
      ]),
    );
    expect(await one.claim(claimOf('cid'))).toEqual({ state: 'closed' });
    expect(await two.claim(claimOf('ann'))).toMatchObject({ state: 'held', node: 1 });
    expect(await one.dropNode(KEY, 2)).toEqual([]);
  });

  it('[R19] acknowledge nothing that the part of the sum is without, though the claim is there', async () => {
    const { one } = await openClaims();
    const options = { claims: one, node: 1, task: siteTask(), kind: 'train', ...KEY } as const;
    const intake = new ClusterIntake(options);
    const bytes = update(0.5, 0, 0);
    const digest = Buffer.from(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)));
    // As after an answer of the database that was lost: claimed, and the client was told to try again.
    await one.claim(claimOf('ann', digest));
    await one.closeRound(KEY);
    expect(await intake.seal()).toBeNull();
    const accepted: string[] = [];
    const repeated = intake.add({ participant: 'ann', bytes, weight: 1 }, () => accepted.push('ann'));
    await expect(repeated).rejects.toMatchObject({ code: 'ROUND_CLOSED' });
    expect(accepted).toEqual([]);
  });

  it('[R19] take a claim of before up again whose answer was lost', async () => {
    const { one } = await openClaims();
    const intake = new ClusterIntake({ claims: one, node: 1, task: siteTask(), kind: 'train', ...KEY });
    const bytes = update(0.5, 0, 0);
    await one.claim(claimOf('ann', Buffer.from(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)))));
    const accepted: string[] = [];
    await intake.add({ participant: 'ann', bytes, weight: 1 }, () => accepted.push('ann'));
    expect(accepted).toEqual(['ann']);
    expect(await intake.seal()).toMatchObject({ participants: ['ann'], totalWeight: 1 });
  });
});

describe.skipIf(postgresMissing)(`the owner of a study's rounds${postgresMissing}`, () => {
  it('[R19] writes nothing more once another node has taken over, however late it wakes up', async () => {
    const { store, one, two } = await openClaims();
    const ended = { ...openRound, state: 'committed', endedAt: startedAt } as const;
    const model = (value: number) => ({ ...KEY, modelRound: 1, parameters: Float32Array.of(value) });
    await one.ownership(KEY.study);
    await one.setOwner(KEY.study);
    await two.setOwner(KEY.study);
    const late = { owner: 1 };
    await expect(store.endRound(ended, model(1), late)).rejects.toThrow(/owner must be/);
    await expect(store.openRound({ ...openRound, round: 2 }, late)).rejects.toThrow(/owner must be/);
    const restart = { study: KEY.study, reason: 'restarted', endedAt: startedAt };
    await expect(store.abandonOpenRounds({ ...restart, ...late })).rejects.toThrow(/owner must be/);
    expect(await store.readRounds(KEY.study)).toEqual([openRound]);
    expect(await store.abandonOpenRounds({ ...restart, owner: 2 })).toBe(1);
    await store.openRound({ ...openRound, round: 2 }, { owner: 2 });
    await store.endRound({ ...ended, round: 2 }, model(2), { owner: 2 });
    expect(await store.latestModel(KEY.study)).toMatchObject({ parameters: Float32Array.of(2) });
  });

  it('[R19] is replaced after what it is writing, not within', async () => {
    const { schema, store, one, two } = await openClaims();
    await one.ownership(KEY.study);
    await one.setOwner(KEY.study);
    const keeper = new pg.Client({ connectionString: await sharedDatabaseUrl() });
    await keeper.connect();
    onTestFinished(() => keeper.end());
    await keeper.query(`BEGIN; LOCK TABLE ${schema}.round`);
    const order: string[] = [];
    const opened = store.openRound({ ...openRound, round: 2 }, { owner: 1 }).then(() => order.push('opened'));
    await expect.poll(() => blocked(keeper)).toBe(1);
    const replaced = two.setOwner(KEY.study).then(() => order.push('replaced'));
    await expect.poll(async () => (await blocked(keeper)) + order.length).toBe(2);
    await keeper.query('COMMIT');
    await Promise.all([opened, replaced]);
    expect(order).toEqual(['opened', 'replaced']);
  });
});

/** How many wait for this connection, or for one that waits for it. */
async function blocked(keeper: pg.Client): Promise<number> {
  const { rows } = await keeper.query<{ blocked: number }>(
    `WITH RECURSIVE chain AS (
       SELECT pg_backend_pid() AS pid
       UNION SELECT waiting.pid FROM pg_stat_activity AS waiting JOIN chain ON chain.pid = ANY(pg_blocking_pids(waiting.pid))
     )
     SELECT count(*)::int - 1 AS blocked FROM chain`,
  );
  return rows[0]!.blocked;
}
