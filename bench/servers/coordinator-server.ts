import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '@chorale/protocol';
import { pino } from 'pino';
import { startCoordinator } from '../../coordinator/src/main.ts';
import { PostgresStore } from '../../coordinator/src/storage/postgres-store.ts';
import { SqliteStore } from '../../coordinator/src/storage/sqlite-store.ts';
import { childConfig, say } from '../child.ts';
import { answerUsage } from './server-usage.ts';

/** What the program needs to know. */
export type CoordinatorConfig = {
  /** Studies to publish. */
  manifests: Manifest[];
  logLevel: string;
  /** A new one that is removed afterwards without it. */
  dataFolder: string | null;
  /** Where it stores; a new SQLite file without it. */
  databaseUrl: string | null;
  /** Whether requests are limited as for any operator who sets nothing. */
  rateLimits: boolean;
};

// The real coordinator over a new data folder, with nothing left out; its log goes to standard error.
const { manifests, logLevel, dataFolder: given, databaseUrl, rateLimits } = await childConfig<CoordinatorConfig>();
const dataFolder = given ?? mkdtempSync(join(tmpdir(), 'chorale-bench-'));
process.on('exit', () => given ?? rmSync(dataFolder, { recursive: true, force: true }));

const store = databaseUrl === null ? await SqliteStore.open(dataFolder) : await PostgresStore.open(databaseUrl);
const secret = await store.secret('invitation', 32);
await store.close();

const coordinator = await startCoordinator({
  host: '127.0.0.1',
  port: 0,
  dataFolder,
  databaseUrl,
  demoFolder: null,
  manifests,
  metricsPublic: true,
  log: pino({ level: logLevel }, pino.destination({ dest: 2, sync: true })),
  ...(rateLimits ? {} : { rateLimits: { perConnection: 0, perAddress: 0 } }),
});
process.on('disconnect', () => void coordinator.close().then(() => process.exit(0)));
answerUsage();
say({ type: 'ready', url: coordinator.url.replace('localhost', '127.0.0.1'), secret });
