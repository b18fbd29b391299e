import { secureRandom } from '@chorale/privacy';
import {
  type ClientToServerEvents,
  type Manifest,
  PROTOCOL_VERSION,
  type ServerToClientEvents,
} from '@chorale/protocol';
import { Ledger, MemoryDeviceStore, Respondent, studyOf } from '@chorale/sdk/core';
import { io, type Socket } from 'socket.io-client';
import type { TestCoordinator } from './coordinator.ts';

type ReportSocket = Socket<ServerToClientEvents, ClientToServerEvents>;

/** Many employees' reports, drawn once by the SDK's core and kept, so that the same texts can be sent again. */
export class ReportBurst {
  readonly acknowledged = new Set<string>();
  readonly #coordinator: TestCoordinator;
  readonly #reports: { token: string; report: string }[];

  private constructor(coordinator: TestCoordinator, reports: { token: string; report: string }[]) {
    this.#coordinator = coordinator;
    this.#reports = reports;
  }

  static async prepare(
    coordinator: TestCoordinator,
    { study, prefix, employees }: { study: Manifest; prefix: string; employees: number },
  ): Promise<ReportBurst> {
    const names = Array.from({ length: employees }, (_, i) => ({
      name: `${prefix}-${i}`,
      group: study.groups.values[0]!.id,
    }));
    const tokens = await coordinator.invite(study.id, names);
    const published = await studyOf(study);
    const reports = await Promise.all(
      tokens.map(async (token) => {
        const store = new MemoryDeviceStore();
        const respondent = new Respondent({
          study: published,
          store,
          ledger: new Ledger({ store }),
          random: secureRandom(),
          now: () => new Date(),
        });
        return { token, report: (await respondent.prepareReport({ leave: true })).text };
      }),
    );
    return new ReportBurst(coordinator, reports);
  }

  /** Sends all at once; resolves when the connection is lost or every report was answered. */
  async run({ onAcknowledged }: { onAcknowledged: (count: number) => void }): Promise<void> {
    const socket = await this.#connect();
    await new Promise<void>((ended) => {
      socket.once('disconnect', () => ended());
      let answered = 0;
      for (const { token, report } of this.#reports) {
        socket.emit('report', { protocol: PROTOCOL_VERSION, token, report }, (reply) => {
          if (reply.ok) this.acknowledged.add(token);
          onAcknowledged(this.acknowledged.size);
          answered += 1;
          if (answered === this.#reports.length) ended();
        });
      }
    });
    socket.close();
  }

  /** The very same texts again, each answered. */
  async resend(): Promise<{ token: string; duplicate: boolean }[]> {
    const socket = await this.#connect();
    const replies = await Promise.all(
      this.#reports.map(async (message) => {
        const reply = await socket.emitWithAck('report', { protocol: PROTOCOL_VERSION, ...message });
        if (!reply.ok) throw new Error(`${reply.error.code}: ${reply.error.message}`);
        return { token: message.token, duplicate: reply.duplicate };
      }),
    );
    socket.close();
    return replies;
  }

  async #connect(): Promise<ReportSocket> {
    const socket: ReportSocket = io(this.#coordinator.url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    });
    await new Promise<void>((connected, fail) => {
      socket.once('connect', connected);
      socket.once('connect_error', fail);
    });
    return socket;
  }
}
