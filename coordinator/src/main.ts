import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '@chorale/protocol';
import type { Logger } from 'pino';
import { DemoMissingError } from './http/demo-missing-error.ts';
import { createHttpApp } from './http/http-app.ts';
import { listen } from './http/listen.ts';
import { writeServerFile } from './http/server-file.ts';
import { TrainingService } from './rounds/training-service.ts';
import { attachSockets } from './sockets/server.ts';
import { SqliteStore } from './storage/sqlite-store.ts';
import type { Store } from './storage/store.ts';
import { Invitations } from './surveys/invitations.ts';
import { ReportService } from './surveys/report-service.ts';
import { readStudyFolder } from './surveys/study-file.ts';
import { StudyRegistry } from './surveys/study-registry.ts';

/** How to run a coordinator. */
export type CoordinatorOptions = {
  /** Name or address to listen on. */
  host: string;
  /** 0 takes a free one. */
  port: number;
  dataFolder: string;
  /** Pages and studies of the demo, and an open issuer of invitations; `null` outside demonstrations. */
  demoFolder: string | null;
  /** Published before anything is served. */
  manifests: Manifest[];
  log: Logger;
  /** Milliseconds since 1970; the system's clock unless it is given. */
  now?: () => number;
};

export type Coordinator = {
  /** Where it answers this machine. */
  url: string;
  /** Ends connections, waits for what is being written, and frees the data folder. */
  close(): Promise<void>;
};

/**
 * Starts a coordinator: HTTP and socket.io on one port, over one data folder. Studies and training
 * are taken up where the folder says they were.
 * @throws StorageError, ListenError, or ChoraleError `STUDY_CONFLICT` or `MANIFEST_INVALID`
 */
export async function startCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const store = await SqliteStore.open(options.dataFolder);
  try {
    return await serve(store, options);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function serve(
  store: Store,
  { log, now = Date.now, demoFolder, ...options }: CoordinatorOptions,
): Promise<Coordinator> {
  const studies = new StudyRegistry({ store, now });
  const invitations = new Invitations(await store.secret('invitation', 32));
  const reports = new ReportService({ store, studies, invitations, now });
  const training = new TrainingService({ store, now, log });
  const operatorToken = Buffer.from(await store.secret('operator', 32)).toString('base64url');

  for (const manifest of options.manifests) await studies.publish(manifest);
  if (demoFolder !== null) await publishDemo(studies, demoFolder);
  const published = await studies.list();
  for (const study of published) await training.start(study);

  const demo = demoFolder === null ? null : { folder: demoFolder, nameSecret: await store.secret('demo-names', 32) };
  const app = await createHttpApp({ store, studies, reports, training, invitations, operatorToken, demo, log });
  const io = attachSockets(app.server, { reports, training, studies, invitations, log });
  const announce = async (): Promise<{ url: string; removeServerFile: () => void }> => {
    const url = await listen(app, options);
    return { url, removeServerFile: writeServerFile(options.dataFolder, { url, operatorToken }) };
  };
  const { url, removeServerFile } = await announce().catch(async (error: unknown) => {
    io.engine.close();
    await Promise.all([app.close(), training.stop()]);
    throw error;
  });

  // Counted ahead of the first visitor; whoever asks sooner waits for the same count.
  for (const { manifest, channels } of published) {
    if (channels !== null)
      reports.tally(manifest.id).catch((err: unknown) => log.error({ err }, 'counting reports failed'));
  }

  const close = async (): Promise<void> => {
    removeServerFile();
    await training.stop();
    // Answered after everything that was asked of the store before, so their replies are out by then.
    await store.listStudies();
    io.disconnectSockets(true);
    io.engine.close();
    await app.close();
    await store.close();
  };
  let closing: Promise<void> | undefined;
  return { url, close: () => (closing ??= close()) };
}

async function publishDemo(studies: StudyRegistry, folder: string): Promise<void> {
  if (!existsSync(join(folder, 'dist', 'index.html'))) {
    throw new DemoMissingError(`demo folder ${folder} has no built pages: run "npm run build" first`);
  }
  if ((await studies.list()).length > 0) return;
  for (const manifest of await readStudyFolder(join(folder, 'studies'))) await studies.publish(manifest);
}
