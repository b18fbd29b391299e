import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { postgresMissing, sharedDatabaseUrl, temporarySchema } from '../../testing/shared-postgres.ts';
import { platformTimers } from '../rounds/scheduler.ts';
import type { StudyOptions } from '../rounds/study-rounds.ts';
import { siteTask, trainedManifest } from '../rounds/testing/study.ts';
import { connectPostgres } from '../storage/postgres-connections.ts';
import { PostgresStore } from '../storage/postgres-store.ts';
import { Claims } from './claims.ts';
import { ClusteredStudy, type StudyLink } from './clustered-study.ts';
import type { ControlMessage } from './control-message.ts';
import { NodeSession } from './node-session.ts';

const STUDY = 'attrition';
const manifest = { ...trainedManifest(siteTask(), STUDY), training: siteTask() };
const study = { manifest, hash: 'sha256-x' };
const client = { emit: () => {} };

/** Two nodes with sessions of their own in one database, whose messages to all are lost. */
async function deafNodes() {
  const schema = temporarySchema();
  const databaseUrl = await sharedDatabaseUrl();
  const store = await PostgresStore.open(databaseUrl, { schema });
  const db = connectPostgres(databaseUrl, { schema });
  const options: StudyOptions = {
    store,
    now: Date.now,
    date: () => new Date(),
    log: pino({ level: 'silent' }),
    schedule: platformTimers,
    observe: () => {},
    openIntake: () => {
      throw new TypeError('the cluster has its own');
    },
  };
  const members = new Map<number, ClusteredStudy>();
  onTestFinished(async () => {
    for (const member of members.values()) await member.stop();
    await db.destroy();
    await store.close();
  });
  await store.putStudy({ id: STUDY, hash: study.hash, manifest: '{}', publishedAt: '2026-11-01T08:00:00.000Z' });

  const deliver = (from: number, to: number, message: ControlMessage): void => {
    const member = members.get(to);
    if (message.type === 'reply' || message.type === 'refusal') member?.answered(message);
    else member?.receive(from, message);
  };
  const newNode = async () => {
    const session = await NodeSession.open({ databaseUrl, schema, onMessage: () => {}, onLost: () => {} });
    onTestFinished(() => session.close());
    const { node } = session;
    const link: StudyLink = {
      node,
      claims: new Claims(db, node),
      tryOwn: (slot) => session.tryOwn(slot),
      isAlive: () => true,
      send: (to, message) => {
        if (to !== 'all') queueMicrotask(() => deliver(node, to, message));
      },
    };
    const resume = async (): Promise<ClusteredStudy> => {
      const member = await ClusteredStudy.resume(study, options, link);
      members.set(node, member);
      return member;
    };
    return { link, resume };
  };
  return { first: await newNode(), second: await newNode() };
}

describe.skipIf(postgresMissing)(`a study on several nodes${postgresMissing}`, () => {
  it('[R19] finds an owner that said so before anybody here listened', async () => {
    const { first, second } = await deafNodes();
    // It has the lock already and is about to take over when the other node looks for an owner.
    const { slot } = await first.link.claims.ownership(STUDY);
    await first.link.tryOwn(slot);
    const peer = await second.resume();
    const seat = { participant: 'participant-1', group: 'north', client };
    await expect(peer.join(seat)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await first.resume();
    await peer.watch();
    expect(await peer.join(seat)).toEqual({ committedRounds: 0, done: false });
  });
});
