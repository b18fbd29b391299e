import { type Manifest, manifestHash, PROTOCOL_VERSION, surveyChannels } from '@chorale/protocol';
import { reportText } from '../../coordinator/testing/report-text.ts';
import { childConfig, say, type Said } from '../child.ts';
import { type PreparedRequest, prepareRequest, WireSocket } from './wire-socket.ts';

/** What one process of devices is told to do. */
export type ReportersConfig = {
  url: string;
  manifest: Manifest;
  /** One report each. */
  tokens: string[];
  sockets: number;
  /** Reports that go before the measurement. */
  warmUp: number;
};

// Devices that send reports which were made ahead: each socket sends the next one as soon as the last
// was acknowledged, as so many devices do that come one after another.
const { url, manifest, tokens, sockets, warmUp } = await childConfig<ReportersConfig>();
const study = { manifest, hash: await manifestHash(manifest), channels: surveyChannels(manifest.survey!) };
const requests = tokens.map((token, id): PreparedRequest => {
  const report = reportText(study, { stay: id % 3 !== 0, workload: 1 + (id % 5), hours: id % 60, improve: 'pay' });
  return prepareRequest('report', { id, message: { protocol: PROTOCOL_VERSION, token, report } });
});
const onClose = (): void => fail(new Error('the server closed a connection'));
const open = () => WireSocket.open(url, { onEvent: () => {}, onClose });
const connections = await Promise.all(Array.from({ length: sockets }, open));

process.on('disconnect', () => process.exit(0));
process.on('message', ({ type }: Said) => {
  if (type === 'warm-up') void sendAll(requests.splice(0, warmUp)).then(() => say({ type: 'warm' }), fail);
  if (type === 'send') void sendAll(requests.splice(0)).then(() => say({ type: 'sent' }), fail);
});
say({ type: 'prepared' });

async function sendAll(waiting: PreparedRequest[]): Promise<void> {
  const queue = waiting.values();
  await Promise.all(connections.map((connection) => sendFrom(queue, connection)));
}

async function sendFrom(queue: IterableIterator<PreparedRequest>, connection: WireSocket): Promise<void> {
  for (const request of queue) {
    const reply = (await connection.requestPrepared(request)) as { ok?: boolean; duplicate?: boolean };
    if (reply.ok !== true || reply.duplicate !== false) throw new Error(`refused: ${JSON.stringify(reply)}`);
  }
}

function fail(error: unknown): void {
  say({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
}
