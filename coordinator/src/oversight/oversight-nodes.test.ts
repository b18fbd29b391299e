import { checkLog, type LogEntry, type Manifest, manifestHash, surveyChannels } from '@chorale/protocol';
import { expect, it } from 'vitest';
import { pulseStudy, trainingTask } from '../../testing/pulse-study.ts';
import { reportText } from '../../testing/report-text.ts';
import { runCoordinator } from '../../testing/running-coordinator.ts';
import { emptyDatabaseUrl, postgresMissing } from '../../testing/shared-postgres.ts';

const operatorToken = 'the-operator-token-of-both-of-these-nodes';
const answers = { stay: true, workload: 4, recommend: 9, improve: 'rooms', hours: 38 };

it.skipIf(postgresMissing)(
  `[O4] [O5] a study that one node closes takes nothing on another, and both keep one log and one result${postgresMissing}`,
  async () => {
    const databaseUrl = await emptyDatabaseUrl();
    const manifest: Manifest = { ...pulseStudy(), training: trainingTask };
    const one = await runCoordinator({ databaseUrl, operatorToken, manifests: [manifest] });
    const other = await runCoordinator({ databaseUrl, operatorToken });
    const ask = async (node: typeof one, method: string, path: string) => {
      const headers = { authorization: `Bearer ${operatorToken}` };
      return (await node.get(`/api/v1/${path}`, { method, headers })).json();
    };
    const sockets = { one: await one.connect(), other: await other.connect() };
    const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
    const send = async (node: typeof one, socket: (typeof sockets)['one'], name: string) => {
      const [token] = await node.invite('pulse', { name, group: 'sales' });
      return socket.emitWithAck('report', { protocol: 1, token, report: reportText(study, answers) });
    };
    for (let i = 0; i < 6; i += 1) {
      const [node, socket] = i % 2 === 0 ? [one, sockets.one] : [other, sockets.other];
      expect(await send(node, socket, `employee ${i}`)).not.toHaveProperty('error');
    }
    const before = await ask(other, 'GET', 'studies/pulse/results');
    const [token] = await other.invite('pulse', { name: 'site', group: 'sales' });
    const join = { protocol: 1, token, manifest: study.hash };
    expect(await sockets.other.emitWithAck('join', join)).not.toHaveProperty('error');
    const told = new Promise((resolve) => void sockets.other.once('training-done', resolve));

    expect(await ask(one, 'POST', 'studies/pulse/close')).toMatchObject({ outcome: 'closed' });
    expect(await told).toEqual({ study: 'pulse', committedRounds: 0 });
    expect(await send(other, sockets.other, 'late')).toMatchObject({ error: { code: 'STUDY_CLOSED' } });
    expect(await sockets.other.emitWithAck('join', join)).toMatchObject({ error: { code: 'STUDY_CLOSED' } });
    const purges = await Promise.all([one, other].map((node) => ask(node, 'POST', 'studies/pulse/purge')));
    expect(purges.map(({ outcome }: { outcome: string }) => outcome).toSorted()).toEqual(['purged', 'unchanged']);
    for (const node of [one, other]) expect(await ask(node, 'GET', 'studies/pulse/results')).toEqual(before);
    // The same file, whichever node is asked, and once in the log.
    const [file, same] = await Promise.all(
      [one, other].map(async (node) => (await node.get('/api/v1/studies/pulse/export.csv')).text()),
    );
    expect(same).toBe(file);

    const log: LogEntry[] = await ask(other, 'GET', 'log');
    expect(log.filter(({ subject }) => subject === 'pulse').map(({ action }) => action)).toEqual([
      'study-published',
      'results-released',
      'study-closed',
      'study-purged',
      'study-exported',
    ]);
    expect(await checkLog(log)).toMatchObject({ finding: null });
  },
);
