import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ChoraleError, type Manifest } from '@chorale/protocol';
import type { Logger } from 'pino';
import { AllowedOrigins } from './http/allowed-origins.ts';
import { BuildMissingError } from './http/build-missing-error.ts';
import { createHttpApp } from './http/http-app.ts';
import { listen } from './http/listen.ts';
import { OpenConnections } from './http/open-connections.ts';
import { writeServerFile } from './http/server-file.ts';
import { Admission } from './operations/admission.ts';
import { Backlog } from './operations/backlog.ts';
import { FailureLog } from './operations/failure-log.ts';
import { measuredStore } from './operations/measured-store.ts';
import { Metrics } from './operations/metrics.ts';
import type { Cluster } from './cluster/cluster.ts';
import { requireClusterable } from './cluster/clusterable.ts';
import { nodeDefaults, type NodeSettings } from './operations/node-settings.ts';
import { OpenRounds } from './operations/open-rounds.ts';
import { RateLimits } from './operations/rate-limits.ts';
import { Readiness } from './operations/readiness.ts';
import { demoPeople, type DemoPerson } from './oversight/demo-people.ts';
import { Drafts } from './oversight/drafts.ts';
import { Endings } from './oversight/endings.ts';
import { Evidence } from './oversight/evidence.ts';
import { Exports } from './oversight/exports.ts';
import { People } from './oversight/people.ts';
import { ReleaseLog } from './oversight/release-log.ts';
import { Retention } from './oversight/retention.ts';
import { TrainingService } from './rounds/training-service.ts';
import { attachSockets } from './sockets/server.ts';
import { SqliteStore } from './storage/sqlite-store.ts';
import type { Store } from './storage/store.ts';
import { DriversService } from './surveys/drivers-service.ts';
import { ImportedBenchmarks } from './surveys/imported-benchmarks.ts';
import { Invitations } from './surveys/invitations.ts';
import { ReportService } from './surveys/report-service.ts';
import { ResultsService } from './surveys/results-service.ts';
import { SeriesService } from './surveys/series-service.ts';
import { readStudyFolder } from './surveys/study-file.ts';
import { type PublishedStudy, StudyRegistry } from './surveys/study-registry.ts';

/** How to run a coordinator. */
export type CoordinatorOptions = {
  /** Name or address to listen on. */
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Holds the database, unless `databaseUrl` is given, and the word on where the server answers. */
  dataFolder: string;
  /** A Postgres database, which several nodes may share; without it SQLite in the data folder. */
  databaseUrl?: string | null;
  /** Pages and studies of the demo, and an open issuer of invitations; `null` outside demonstrations. */
  demoFolder: string | null;
  /** The built SDK, for pages that embed it from here. */
  sdkFolder?: string | null;
  /** Published before anything is served. */
  manifests: Manifest[];
  log: Logger;
  /** Milliseconds since 1970; the system's clock unless it is given. */
  now?: () => number;
  /** Told that this node has lost its place among several: others may run its studies, so it must end. */
  onLost?: (error: Error) => void;
} & Partial<NodeSettings>;

/** Hosts that only this machine reaches. */
const LOCAL: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

/** Longest wait for what is under way at the end: for its answer, and then for the other end to take it. */
const CLOSE_MS = { answers: 3000, connections: 2000 } as const;

export type Coordinator = {
  /** Where it answers this machine. */
  url: string;
  /** Made-up persons of a demonstration that only this machine reaches, with their tokens. */
  demoPersons: DemoPerson[];
  /**
   * Takes no new work from now on, lets rounds that are under way finish for at most `timeoutMs`, and closes.
   * What is still open then is left as after a crash.
   */
  drain(timeoutMs: number): Promise<void>;
  /** Ends connections, waits for what is being written, and frees the data folder. */
  close(): Promise<void>;
};

/**
 * Starts a coordinator: HTTP and socket.io on one port, over one store. Studies and training are taken up
 * where the store says they were.
 * @throws StorageError, ListenError, or ChoraleError `STUDY_CONFLICT` or `MANIFEST_INVALID`
 */
export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const store = await openStore(options);
  let cluster: Cluster | null = null;
  try {
    cluster = await openCluster(options);
    return await serve({ store, cluster }, { ...nodeDefaults, ...options });
  } catch (error) {
    await cluster?.close();
    await store.close();
    throw error;
  }
}

async function openStore({ databaseUrl, dataFolder }: CoordinatorOptions): Promise<Store> {
  if (databaseUrl === undefined || databaseUrl === null) return SqliteStore.open(dataFolder);
  // Loaded here: a node on SQLite has no use for the driver.
  const { PostgresStore } = await import('./storage/postgres-store.ts');
  return PostgresStore.open(databaseUrl);
}

/** The other nodes on a Postgres database; `null` on SQLite, which serves one process alone. */
async function openCluster({ databaseUrl, log, onLost }: CoordinatorOptions): Promise<Cluster | null> {
  if (databaseUrl === undefined || databaseUrl === null) return null;
  const { Cluster: Nodes } = await import('./cluster/cluster.ts');
  const cluster = await Nodes.open({
    databaseUrl,
    log,
    onLost: (error) => {
      log.error({ err: error }, 'this node has lost its place among the others');
      onLost?.(error);
    },
  });
  log.info({ node: cluster.node }, 'this node takes part');
  return cluster;
}

async function serve(
  { store: opened, cluster }: { store: Store; cluster: Cluster | null },
  options: CoordinatorOptions & NodeSettings,
): Promise<Coordinator> {
  const { log, demoFolder, sdkFolder = null, now = Date.now } = options;
  const metrics = new Metrics();
  const store = measuredStore(opened, metrics);
  const admission = new Admission();
  const readiness = new Readiness({ store, admission });
  const limits = new RateLimits(options.rateLimits);
  const origins = new AllowedOrigins(options.allowedOrigins);
  const failures = new FailureLog({ log });
  const openRounds = new OpenRounds();

  const { requireApproval } = options;
  const check = cluster === null ? undefined : requireClusterable;
  const studies = new StudyRegistry({ store, now, check, requireApproval });
  const invitations = new Invitations(await store.secret('invitation', 32));
  const reports = new ReportService({ store, studies, invitations, now });
  const training = new TrainingService({
    store,
    now: options.now ?? steadyNow,
    date: () => new Date(now()),
    log,
    ...(cluster === null ? {} : { resume: cluster.resume }),
    observe: (event) => {
      metrics.observeRound(event);
      openRounds.observe(event);
    },
  });
  const people = new People({ store, now });
  const drafts = new Drafts({ store, studies, now });
  const benchmarks = new ImportedBenchmarks({ store, studies, now });
  const results = new ResultsService({ studies, reports, releases: new ReleaseLog({ store, now }), benchmarks });
  const series = new SeriesService({ studies, reports, results });
  const drivers = new DriversService({ results });
  const exports = new Exports({ store, results, drivers, series, now });
  const ending = {
    close: async (study: PublishedStudy): Promise<void> => {
      await training.close(study);
      cluster?.closed(study.manifest.id);
    },
  };
  const endings = new Endings({ store, studies, reports, results, training: ending, now });
  const evidence = new Evidence({ store, studies, training, retentionDays: options.retentionDays, now });
  const retention = new Retention({ store, studies, endings, days: options.retentionDays, now, log });
  cluster?.onClosed((study) => {
    const close = async (): Promise<void> => training.close(await studies.get(study));
    close().catch((err: unknown) => log.error({ err, study }, 'a study that was closed could not be stopped here'));
  });
  cluster?.onPublished((study) => {
    const start = async (): Promise<void> => training.start(await studies.get(study));
    start().catch((err: unknown) => log.error({ err, study }, 'a study of another node could not be started'));
  });
  const operatorToken = options.operatorToken ?? Buffer.from(await store.secret('operator', 32)).toString('base64url');

  for (const manifest of options.manifests) await studies.publish(manifest, { type: 'operator' });
  if (demoFolder !== null) await publishDemo(studies, demoFolder);
  const published = await studies.list();
  for (const study of published) {
    await training.start(study).catch((error: unknown) => passOver(error, study.manifest.id, log));
    if (study.manifest.training === undefined) continue;
    // A study that cannot tell now will after its next round.
    const rounds = await training.rounds(study.manifest.id).then(
      (known) => known.rounds,
      () => [],
    );
    metrics.spent(study.manifest.id, rounds.at(-1)?.spent ?? []);
  }

  const demoPersons =
    demoFolder !== null && LOCAL.has(options.host)
      ? await demoPeople(people, await store.secret('demo-people', 32))
      : [];
  const demo = demoFolder === null ? null : { folder: demoFolder, nameSecret: await store.secret('demo-names', 32) };
  const services = {
    store,
    studies,
    reports,
    results,
    benchmarks,
    drivers,
    series,
    exports,
    people,
    drafts,
    endings,
    evidence,
    training,
    invitations,
    admission,
    backlog: new Backlog(),
    readiness,
    metrics,
    failures,
    limits,
    origins,
  };
  const app = await createHttpApp({ ...options, ...services, operatorToken, demo, sdkFolder });
  const connections = new OpenConnections(app.server);
  const sockets = attachSockets(app.server, { ...options, ...services });
  const announce = async (): Promise<{ url: string; removeServerFile: () => void }> => {
    const url = await listen(app, options);
    return { url, removeServerFile: writeServerFile(options.dataFolder, { url, operatorToken }) };
  };
  const { url, removeServerFile } = await announce().catch(async (error: unknown) => {
    sockets.close();
    await Promise.all([app.close(), training.stop()]);
    throw error;
  });

  await retention.start();

  // Counted ahead of the first visitor; whoever asks sooner waits for the same count.
  for (const { manifest, channels } of published) {
    if (channels !== null)
      reports.tally(manifest.id).catch((err: unknown) => log.error({ err }, 'counting reports failed'));
  }

  const end = async (): Promise<void> => {
    admission.close();
    removeServerFile();
    await retention.stop();
    await training.stop();
    await sockets.answered(CLOSE_MS.answers);
    sockets.close();
    const stayConnected = connections.cutLater(CLOSE_MS.connections);
    await app.close();
    stayConnected();
    await cluster?.close();
    await store.close();
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= end());
  const drain = async (timeoutMs: number): Promise<void> => {
    admission.close();
    for (const study of training.running) {
      if (openRounds.has(study)) training.finish(study);
      else training.rest(study);
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    openRounds.whenSettled(timeoutMs, {
      ended: (study) => training.rest(study),
      done: (settled) => {
        if (!settled) log.warn('rounds that are still open are left as after a crash');
        resolve(close());
      },
    });
    await promise;
  };
  return { url, demoPersons, drain, close };
}

/**
 * One study that cannot be run here keeps none of the others from being served: one with a rule for a single
 * node, in a database that was a single node's.
 * @throws whatever else kept it from being started
 */
function passOver(error: unknown, study: string, log: Logger): void {
  if (!(error instanceof ChoraleError) || error.code !== 'MANIFEST_INVALID') throw error;
  log.error({ err: error, study }, 'the training of a study is not run');
}

/** Whole milliseconds since 1970 by a clock that nobody sets while the program runs. */
function steadyNow(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}

async function publishDemo(studies: StudyRegistry, folder: string): Promise<void> {
  if (!existsSync(join(folder, 'dist', 'index.html'))) {
    throw new BuildMissingError(`demo folder ${folder} has no built pages: run "npm run build" first`);
  }
  if ((await studies.list()).length > 0) return;
  for (const manifest of await readStudyFolder(join(folder, 'studies'))) {
    await studies.publish(manifest, { type: 'coordinator' });
  }
}
