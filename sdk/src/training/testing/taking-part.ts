import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { secureRandom } from '@chorale/privacy';
import {
  type ClientToServerEvents,
  encodeParameters,
  type Manifest,
  parameterCount,
  type RoundMessage,
  type ServerToClientEvents,
} from '@chorale/protocol';
import { Server, type Socket } from 'socket.io';
import { onTestFinished } from 'vitest';
import { abortable } from '../../abortable.ts';
import { CoordinatorConnection } from '../../connection/coordinator-connection.ts';
import { InProcessLock } from '../../device-lock.ts';
import { Ledger } from '../../ledger.ts';
import { alwaysActive, type Lifecycle } from '../../page-lifecycle.ts';
import { MemoryDeviceStore } from '../../storage/memory-store.ts';
import { studyOf } from '../../study.ts';
import { trainingRecords } from '../../testing/training-study.ts';
import { train } from '../trainer.ts';
import type { TrainingEvent } from '../training-event.ts';
import { TrainingSession } from '../training-session.ts';

export type Client = Socket<ClientToServerEvents, ServerToClientEvents>;

/** The coordinator's socket end, on a real port, doing what a test needs to happen at a certain moment. */
export async function serve(
  onConnection: (client: Client) => void,
  { port = 0, onRequest }: { port?: number; onRequest?: RequestListener } = {},
): Promise<{ url: string; port: number; close: () => Promise<void> }> {
  const server = createServer(onRequest);
  const io = new Server<ClientToServerEvents, ServerToClientEvents>(server, { pingInterval: 20 });
  io.on('connection', onConnection);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await io.close();
  };
  onTestFinished(close);
  const address = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${address.port}`, port: address.port, close };
}

/** Resolves once a client has handled everything that was sent to it so far. */
export async function heard(client: Client): Promise<void> {
  // Packets arrive in order; the first answer may be to a ping of before.
  await once(client.conn, 'heartbeat');
  await once(client.conn, 'heartbeat');
}

export function invitation(manifest: Manifest, round: number, changes: Partial<RoundMessage> = {}): RoundMessage {
  const model = encodeParameters(new Float32Array(parameterCount(manifest.training!)));
  return { study: manifest.id, round, kind: 'train', model, modelRound: 0, deadlineMs: 10_000.5, ...changes };
}

/** Trains as a device with a real engine, and collects what it says until it ends. */
export async function take({
  manifest,
  url,
  store = new MemoryDeviceStore(),
  noiseless = false,
  maxEpsilon,
  lifecycle = alwaysActive,
  now = () => new Date('2026-11-02T09:00:00Z'),
  signal = new AbortController().signal,
  onStep = () => {},
  onEvent,
}: {
  manifest: Manifest;
  url: string;
  store?: MemoryDeviceStore;
  noiseless?: boolean;
  maxEpsilon?: number;
  lifecycle?: Lifecycle;
  now?: () => Date;
  signal?: AbortSignal;
  /** Awaited after each local step; the signal aborts when the step is of no use any more. */
  onStep?: (signal: AbortSignal) => void | Promise<void>;
  onEvent?: (event: TrainingEvent) => void;
}): Promise<TrainingEvent[]> {
  const connection = new CoordinatorConnection({
    coordinator: url,
    token: 'token',
    random: secureRandom(),
    timeoutMs: 1000,
    backoff: { firstMs: 5, longestMs: 20 },
  });
  onTestFinished(() => connection.disconnect());
  if (manifest.training !== undefined) {
    await store.putRecords(manifest.id, { ...trainingRecords(manifest), id: 'rows-1' });
  }
  const events: TrainingEvent[] = [];
  const reading = train(
    {
      study: await studyOf(manifest),
      store,
      ledger: new Ledger({ store, maxEpsilon }),
      lock: new InProcessLock(),
      lifecycle,
      connection,
      noiseless,
      now,
      startTrainer: async ({ task, noiseless: consent }) => {
        const session = await TrainingSession.open({
          task,
          records: trainingRecords(manifest),
          noiseless: consent,
          preferredEngine: 'typed-arrays',
        });
        return {
          recordsId: 'rows-1',
          engine: session.engine,
          // As a worker does, it ends at once for who asked, and by itself at its next step.
          train: (options) =>
            abortable(session.train({ ...options, onProgress: () => onStep(options.signal) }), options.signal),
          keep: () => session.keep(),
          evaluate: (options) => session.evaluate(options),
          terminate: () => {},
        };
      },
    },
    signal,
  );
  for await (const event of reading) {
    events.push(event);
    onEvent?.(event);
  }
  return events;
}

export const types = (events: readonly TrainingEvent[]): string[] => events.map(({ type }) => type);
