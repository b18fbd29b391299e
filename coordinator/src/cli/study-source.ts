import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry, Manifest, Person, Role, StudySummary, SurveyResults } from '@chorale/protocol';
import { readServerFile } from '../http/server-file.ts';
import type { ExportRequest } from '../oversight/exports.ts';
import type { RoundLog } from '../rounds/verify-rounds.ts';
import { HELD } from '../storage/sqlite-refusal.ts';
import { SqliteStore } from '../storage/sqlite-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import { FolderStudies } from './folder-studies.ts';
import { ServerStudies } from './server-studies.ts';
import { readSetting } from './setting.ts';
import { startSettings } from './start-settings.ts';
import { UsageError } from './command-errors.ts';
import { defaults } from './defaults.ts';

/** What became of a study that was put. */
export type PutOutcome = { study: string; manifest: string; outcome: 'created' | 'unchanged' };

/** Studies, as commands reach them: in a data folder, or through the server that holds it. */
export interface StudySource {
  list(): Promise<StudySummary[]>;
  results(study: string): Promise<SurveyResults>;
  /** Text of a file; that it was taken is logged. */
  export(request: ExportRequest): Promise<string>;
  /** @throws ChoraleError `TRAINING_ABSENT` for a study that does not train */
  roundLog(study: string): Promise<RoundLog>;
  put(manifest: Manifest): Promise<PutOutcome>;
  closeStudy(study: string): Promise<void>;
  /** @throws ChoraleError `STUDY_OPEN` */
  purgeStudy(study: string): Promise<void>;
  /** @returns the person's token, which cannot be had again */
  addPerson(person: { name: string; role: Role }): Promise<{ token: string }>;
  removePerson(name: string): Promise<void>;
  listPersons(): Promise<Person[]>;
  /** Whether `readLog` may be asked: a server wants its operator token for it. */
  readonly readsLog: boolean;
  /** Entries of the log with a larger number than `after`, in order. */
  readLog(page: { after: number; limit: number }): Promise<LogEntry[]>;
  close(): Promise<void>;
}

/** Where to find studies, as options of a command line. */
export type SourceOptions = { data?: string; server?: string };

/**
 * Reaches the studies: of `server` when it is given, else of the data folder. While a server holds that
 * folder, the server is asked instead.
 * @param options.create makes the data folder when there is none
 */
export async function openStudies(
  { data, server }: SourceOptions,
  { create }: { create: boolean },
): Promise<StudySource> {
  if (server !== undefined) {
    if (data !== undefined) throw new UsageError('give --data or --server, not both');
    return new ServerStudies({ url: server, operatorToken: process.env['CHORALE_OPERATOR_TOKEN'] });
  }
  const folder = data ?? defaults().data;
  if (!create && !existsSync(join(folder, 'chorale.db'))) {
    throw new StorageError(
      `data folder ${folder} holds no studies: name another with --data, or a server with --server`,
    );
  }
  try {
    return new FolderStudies(await SqliteStore.open(folder), {
      requireApproval: readSetting(startSettings.requireApproval, undefined, process.env),
    });
  } catch (error) {
    // Only then: the file of a server that was killed may name an address that somebody else has by now.
    const isHeld = error instanceof StorageError && error.message.includes(HELD);
    const running = isHeld ? readServerFile(folder) : null;
    if (running === null) throw error;
    return new ServerStudies(running);
  }
}
