import type { Logger } from 'pino';
import type { Metrics } from '../operations/metrics.ts';
import { dropConnection, type EngineConnection, packetBytes } from './engine-connection.ts';

/** Bytes that may wait for one connection to read them: models are far smaller, and a burst of answers is. */
const UNREAD_BYTES = 2 * 1024 * 1024;

/** What a packet that waits takes beside its own bytes. */
const PACKET_BYTES = 64;

/**
 * Counts what a connection receives and sends, and closes it when it asks and does not read: its answers
 * would fill the memory.
 */
export function watchConnection(
  connection: EngineConnection,
  { metrics, log }: { metrics: Pick<Metrics, 'traffic'>; log: Logger },
): void {
  /** Queued since the connection last took anything. */
  let unread = 0;
  connection.on('packet', (packet) => {
    metrics.traffic[connection.transport.name].received += packetBytes(packet);
  });
  connection.on('packetCreate', (packet) => {
    const bytes = packetBytes(packet);
    metrics.traffic[connection.transport.name].sent += bytes;
    // Taken at once.
    if (connection.transport.writable) return;
    unread += bytes + PACKET_BYTES;
    if (unread <= UNREAD_BYTES) return;
    log.debug('a connection was closed that does not read its answers');
    dropConnection(connection);
  });
  connection.on('flush', () => {
    unread = 0;
  });
}
