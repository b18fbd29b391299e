import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Manifest } from '@chorale/protocol';
import { pino } from 'pino';
import { AllowedOrigins } from '../../http/allowed-origins.ts';
import { Admission } from '../../operations/admission.ts';
import { Backlog } from '../../operations/backlog.ts';
import { FailureLog } from '../../operations/failure-log.ts';
import { Metrics } from '../../operations/metrics.ts';
import { nodeDefaults } from '../../operations/node-settings.ts';
import { RateLimits } from '../../operations/rate-limits.ts';
import type { ChoraleServer } from '../../sockets/chorale-socket.ts';
import { attachSockets } from '../../sockets/server.ts';
import type { Store } from '../../storage/store.ts';
import { Invitations } from '../../surveys/invitations.ts';
import { ReportService } from '../../surveys/report-service.ts';
import { StudyRegistry } from '../../surveys/study-registry.ts';
import type { Schedule } from '../scheduler.ts';
import type { ResumeStudy } from '../study-rounds.ts';
import { TrainingService } from '../training-service.ts';

type Options = {
  store: Store;
  manifests: Manifest[];
  now: () => number;
  schedule: Schedule;
  /** Awaited before each check of a token, which takes a while on a busy machine. */
  beforeVerify?: () => Promise<void>;
  /** Alone unless it is given. */
  resume?: ResumeStudy;
};

/** The coordinator's training on a real port: its store, its service and its sockets, and nothing else. */
export type TrainingServer = {
  url: string;
  training: TrainingService;
  io: ChoraleServer;
  /** A signed invitation. */
  token(study: string, sub: string, group?: string): Promise<string>;
  /** Resolves once the server has dealt with the next lost connection. */
  nextDisconnect(): Promise<void>;
  /** Ends sockets and training; the store stays open. */
  close(): Promise<void>;
};

export async function startTrainingServer(options: Options): Promise<TrainingServer> {
  const { store, manifests, now, schedule, beforeVerify, resume } = options;
  const log = pino({ level: 'silent' });
  const studies = new StudyRegistry({ store, now });
  const invitations = new SlowInvitations(await store.secret('invitation', 32), beforeVerify);
  const training = new TrainingService({ store, now, log, schedule, ...(resume === undefined ? {} : { resume }) });
  for (const manifest of manifests) await training.start((await studies.publish(manifest, { type: 'operator' })).study);

  const http = createServer();
  const { io } = attachSockets(http, {
    ...nodeDefaults,
    reports: new ReportService({ store, studies, invitations, now }),
    training,
    studies,
    invitations,
    admission: new Admission(),
    backlog: new Backlog(),
    limits: new RateLimits(nodeDefaults.rateLimits),
    origins: new AllowedOrigins(null),
    metrics: new Metrics(),
    failures: new FailureLog({ log }),
    log,
  });
  const lost: (() => void)[] = [];
  io.on('connection', (socket) => {
    // Registered after the session's own listener, so that it runs after it.
    socket.on('disconnect', () => lost.splice(0).forEach((resolve) => resolve()));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    training,
    io,
    token: (study, sub, group = 'north') => invitations.sign({ study, sub, group }),
    nextDisconnect: () => new Promise((resolve) => lost.push(resolve)),
    async close() {
      await training.stop();
      await io.close();
    },
  };
}

class SlowInvitations extends Invitations {
  readonly #before: (() => Promise<void>) | undefined;

  constructor(secret: Uint8Array, before: (() => Promise<void>) | undefined) {
    super(secret);
    this.#before = before;
  }

  override async verify(token: string): ReturnType<Invitations['verify']> {
    await this.#before?.();
    return super.verify(token);
  }
}
