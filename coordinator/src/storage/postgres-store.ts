import type { Kysely } from 'kysely';
import { BatchQueue } from './batch-queue.ts';
import { requireExactText } from './exact-text.ts';
import { connectPostgres, type PostgresOptions } from './postgres-connections.ts';
import { explainPostgres } from './postgres-failure.ts';
import { type PostgresOperations, postgresOperations } from './postgres-operations.ts';
import { writeReports } from './postgres-reports.ts';
import { type PostgresTables, prepareSchema } from './postgres-schema.ts';
import { StorageError } from './storage-error.ts';
import type { ReportOutcome, ReportRecord, Store } from './store.ts';

/** Reports of one transaction: short enough that other nodes soon have their turn. */
const BATCH = { items: 1000, size: 4 * 1024 * 1024 };

/**
 * The store that several nodes share: a Postgres database. A method that could not reach it, or lost it
 * before the reply, rejects with StorageError; a change may then have been made or not, and asking again
 * tells. Once the database is back, so is the store.
 */
export class PostgresStore implements Store {
  readonly #db: Kysely<PostgresTables>;
  readonly #operations: PostgresOperations;
  readonly #reports: BatchQueue<ReportRecord, ReportOutcome>;
  readonly #running = new Set<Promise<unknown>>();
  #closing: Promise<void> | null = null;

  private constructor(db: Kysely<PostgresTables>) {
    this.#db = db;
    this.#operations = postgresOperations(db);
    this.#reports = new BatchQueue({
      write: (reports) => writeReports(db, reports),
      limits: BATCH,
      sizeOf: ({ text }) => text.length,
    });
  }

  /**
   * Opens the store of a database and makes its tables when there are none.
   * @param databaseUrl as libpq writes it: `postgres://user:password@host:port/database`
   * @throws StorageError when the database cannot be reached, used or understood
   */
  static async open(databaseUrl: string, options: PostgresOptions = {}): Promise<PostgresStore> {
    const db = connectPostgres(databaseUrl, options);
    try {
      await prepareSchema(db, options.schema);
    } catch (error) {
      await db.destroy();
      throw explainPostgres(error);
    }
    return new PostgresStore(db);
  }

  putStudy: Store['putStudy'] = (...args) => this.#run(() => this.#operations.putStudy(...args));
  getStudy: Store['getStudy'] = (id) => this.#run(() => this.#operations.getStudy(id));
  listStudies: Store['listStudies'] = () => this.#run(() => this.#operations.listStudies());
  addReport: Store['addReport'] = (report) =>
    this.#run(async () => {
      requireExactText(report);
      return this.#reports.add(report);
    });
  countReports: Store['countReports'] = (study) => this.#run(() => this.#operations.countReports(study));
  readReport: Store['readReport'] = (study, participant) =>
    this.#run(() => this.#operations.readReport(study, participant));
  withdrawReport: Store['withdrawReport'] = (withdrawal) =>
    this.#run(() => this.#operations.withdrawReport(withdrawal));
  readReports: Store['readReports'] = (study, page) => this.#run(() => this.#operations.readReports(study, page));
  readSeriesReports: Store['readSeriesReports'] = (series, page) =>
    this.#run(() => this.#operations.readSeriesReports(series, page));
  openRound: Store['openRound'] = (round, by) => this.#run(() => this.#operations.openRound(round, by));
  endRound: Store['endRound'] = (...args) => this.#run(() => this.#operations.endRound(...args));
  abandonOpenRounds: Store['abandonOpenRounds'] = (restart) =>
    this.#run(() => this.#operations.abandonOpenRounds(restart));
  readRounds: Store['readRounds'] = (study) => this.#run(() => this.#operations.readRounds(study));
  readParticipations: Store['readParticipations'] = (study) =>
    this.#run(() => this.#operations.readParticipations(study));
  latestModel: Store['latestModel'] = (study) => this.#run(() => this.#operations.latestModel(study));
  addPerson: Store['addPerson'] = (...args) => this.#run(() => this.#operations.addPerson(...args));
  removePerson: Store['removePerson'] = (...args) => this.#run(() => this.#operations.removePerson(...args));
  listPersons: Store['listPersons'] = (...args) => this.#run(() => this.#operations.listPersons(...args));
  findPerson: Store['findPerson'] = (...args) => this.#run(() => this.#operations.findPerson(...args));
  putDraft: Store['putDraft'] = (...args) => this.#run(() => this.#operations.putDraft(...args));
  getDraft: Store['getDraft'] = (...args) => this.#run(() => this.#operations.getDraft(...args));
  listDrafts: Store['listDrafts'] = (...args) => this.#run(() => this.#operations.listDrafts(...args));
  approveDraft: Store['approveDraft'] = (...args) => this.#run(() => this.#operations.approveDraft(...args));
  discardDraft: Store['discardDraft'] = (...args) => this.#run(() => this.#operations.discardDraft(...args));
  publishDraft: Store['publishDraft'] = (...args) => this.#run(() => this.#operations.publishDraft(...args));
  closeStudy: Store['closeStudy'] = (...args) => this.#run(() => this.#operations.closeStudy(...args));
  purgeStudy: Store['purgeStudy'] = (...args) => this.#run(() => this.#operations.purgeStudy(...args));
  studyEnd: Store['studyEnd'] = (...args) => this.#run(() => this.#operations.studyEnd(...args));
  listStudyEnds: Store['listStudyEnds'] = (...args) => this.#run(() => this.#operations.listStudyEnds(...args));
  appendLog: Store['appendLog'] = (...args) => this.#run(() => this.#operations.appendLog(...args));
  recordRelease: Store['recordRelease'] = (...args) => this.#run(() => this.#operations.recordRelease(...args));
  lastEntry: Store['lastEntry'] = (...args) => this.#run(() => this.#operations.lastEntry(...args));
  recordExport: Store['recordExport'] = (...args) => this.#run(() => this.#operations.recordExport(...args));
  lastRelease: Store['lastRelease'] = (...args) => this.#run(() => this.#operations.lastRelease(...args));
  readLog: Store['readLog'] = (...args) => this.#run(() => this.#operations.readLog(...args));
  logHead: Store['logHead'] = (...args) => this.#run(() => this.#operations.logHead(...args));
  secret: Store['secret'] = (name, bytes) => this.#run(() => this.#operations.secret(name, bytes));
  snapshot: Store['snapshot'] = () => this.#run(() => this.#operations.snapshot());
  ready: Store['ready'] = () => this.#run(() => this.#operations.ready());

  /** Resolves after all that was asked before is written and the connections are closed. */
  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(() => this.#db.destroy());
    return this.#closing;
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== null) throw new StorageError('the store is closed');
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      // Of arguments that are wrong the caller hears as it is; nothing of the database is in there.
      throw error instanceof TypeError || error instanceof RangeError ? error : explainPostgres(error);
    } finally {
      this.#running.delete(running);
    }
  }
}
