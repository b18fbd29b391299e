import { Worker } from 'node:worker_threads';
import { ChoraleError } from '@chorale/protocol';
import { makeFolder } from './data-folder.ts';
import { requireExactText } from './exact-text.ts';
import type { SqliteFailure, SqliteReply } from './sqlite-messages.ts';
import type { SqliteOperations } from './sqlite-operations.ts';
import { StorageError } from './storage-error.ts';
import type { Store } from './store.ts';

/** `value` is what the operation returns; each caller knows which it asked for. */
type Pending = { succeed: (value: any) => void; fail: (error: Error) => void };

/**
 * The embedded store: one SQLite file in a data folder, written by a thread of its own. The folder
 * belongs to one process at a time; the system frees it when the process ends, however it ends.
 */
export class SqliteStore implements Store {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  /** Requests that leave for the worker at the end of this turn of the event loop. */
  #leaving: { id: number; name: string; args: readonly unknown[] }[] = [];
  #nextId = 1;
  #stopped: Error | null = null;
  #closing: Promise<void> | null = null;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (replies: SqliteReply[]) => replies.forEach((reply) => this.#settle(reply)));
    worker.on('error', (cause) => this.#stop(new StorageError('the storage thread failed', { cause })));
    worker.on('exit', () => this.#stop(new StorageError('the store is closed')));
  }

  /**
   * Opens the store of a data folder, and makes both when there are none.
   * @throws StorageError when the folder is not writable, in use by another process, or holds something else.
   */
  static async open(folder: string): Promise<SqliteStore> {
    makeFolder(folder);
    const worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), { workerData: folder });
    const store = new SqliteStore(worker);
    await new Promise<void>((succeed, fail) => store.#pending.set(0, { succeed, fail }));
    return store;
  }

  putStudy: Store['putStudy'] = (...args) => this.#ask('putStudy', args);
  getStudy: Store['getStudy'] = (...args) => this.#ask('getStudy', args);
  listStudies: Store['listStudies'] = (...args) => this.#ask('listStudies', args);
  addReport: Store['addReport'] = async (report) => {
    requireExactText(report);
    return this.#ask('addReport', [report]);
  };
  countReports: Store['countReports'] = (...args) => this.#ask('countReports', args);
  readReport: Store['readReport'] = (...args) => this.#ask('readReport', args);
  withdrawReport: Store['withdrawReport'] = (...args) => this.#ask('withdrawReport', args);
  readReports: Store['readReports'] = (...args) => this.#ask('readReports', args);
  readSeriesReports: Store['readSeriesReports'] = (...args) => this.#ask('readSeriesReports', args);
  openRound: Store['openRound'] = (...args) => this.#ask('openRound', args);
  endRound: Store['endRound'] = (...args) => this.#ask('endRound', args);
  abandonOpenRounds: Store['abandonOpenRounds'] = (...args) => this.#ask('abandonOpenRounds', args);
  readRounds: Store['readRounds'] = (...args) => this.#ask('readRounds', args);
  readParticipations: Store['readParticipations'] = (...args) => this.#ask('readParticipations', args);
  latestModel: Store['latestModel'] = (...args) => this.#ask('latestModel', args);
  addPerson: Store['addPerson'] = (...args) => this.#ask('addPerson', args);
  removePerson: Store['removePerson'] = (...args) => this.#ask('removePerson', args);
  listPersons: Store['listPersons'] = (...args) => this.#ask('listPersons', args);
  findPerson: Store['findPerson'] = (...args) => this.#ask('findPerson', args);
  putDraft: Store['putDraft'] = (...args) => this.#ask('putDraft', args);
  getDraft: Store['getDraft'] = (...args) => this.#ask('getDraft', args);
  listDrafts: Store['listDrafts'] = (...args) => this.#ask('listDrafts', args);
  approveDraft: Store['approveDraft'] = (...args) => this.#ask('approveDraft', args);
  discardDraft: Store['discardDraft'] = (...args) => this.#ask('discardDraft', args);
  publishDraft: Store['publishDraft'] = (...args) => this.#ask('publishDraft', args);
  closeStudy: Store['closeStudy'] = (...args) => this.#ask('closeStudy', args);
  purgeStudy: Store['purgeStudy'] = (...args) => this.#ask('purgeStudy', args);
  studyEnd: Store['studyEnd'] = (...args) => this.#ask('studyEnd', args);
  listStudyEnds: Store['listStudyEnds'] = (...args) => this.#ask('listStudyEnds', args);
  appendLog: Store['appendLog'] = (...args) => this.#ask('appendLog', args);
  recordRelease: Store['recordRelease'] = (...args) => this.#ask('recordRelease', args);
  lastEntry: Store['lastEntry'] = (...args) => this.#ask('lastEntry', args);
  recordExport: Store['recordExport'] = (...args) => this.#ask('recordExport', args);
  lastRelease: Store['lastRelease'] = (...args) => this.#ask('lastRelease', args);
  readLog: Store['readLog'] = (...args) => this.#ask('readLog', args);
  logHead: Store['logHead'] = (...args) => this.#ask('logHead', args);
  secret: Store['secret'] = (...args) => this.#ask('secret', args);
  snapshot: Store['snapshot'] = (...args) => this.#ask('snapshot', args);
  ready: Store['ready'] = (...args) => this.#ask('ready', args);

  /** Resolves after all that was asked before is written and the folder is free. */
  close(): Promise<void> {
    this.#closing ??= this.#stopped === null ? this.#closeWorker() : Promise.resolve();
    return this.#closing;
  }

  async #closeWorker(): Promise<void> {
    const exited = new Promise<void>((done) => this.#worker.once('exit', () => done()));
    const closed = this.#send<void>('close', []);
    this.#stopped = new StorageError('the store is closed');
    await closed;
    await exited;
  }

  #ask<Name extends keyof SqliteOperations>(
    name: Name,
    args: Parameters<SqliteOperations[Name]>,
  ): Promise<ReturnType<SqliteOperations[Name]>> {
    if (this.#stopped !== null) return Promise.reject(this.#stopped);
    return this.#send(name, args);
  }

  #send<Value>(name: string, args: readonly unknown[]): Promise<Value> {
    return new Promise((succeed, fail) => {
      const id = this.#nextId++;
      this.#pending.set(id, { succeed, fail });
      // A message between threads costs as much as a report: what arrived together travels together.
      if (this.#leaving.push({ id, name, args }) === 1) setImmediate(() => this.#post());
    });
  }

  #post(): void {
    const requests = this.#leaving;
    this.#leaving = [];
    try {
      this.#worker.postMessage(requests);
    } catch {
      for (const request of requests) this.#postAlone(request);
    }
  }

  /** What cannot be copied between threads fails, and nothing that came with it does. */
  #postAlone(request: { id: number }): void {
    try {
      this.#worker.postMessage([request]);
    } catch (error) {
      this.#settle({ id: request.id, failure: { type: 'unexpected', error } });
    }
  }

  #settle(reply: SqliteReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('failure' in reply) pending?.fail(toError(reply.failure));
    else pending?.succeed(reply.value);
  }

  #stop(error: Error): void {
    this.#stopped ??= error;
    for (const { fail } of this.#pending.values()) fail(this.#stopped);
    this.#pending.clear();
  }
}

function toError(failure: SqliteFailure): Error {
  if (failure.type === 'unexpected') {
    return failure.error instanceof Error ? failure.error : new Error(String(failure.error));
  }
  const { code, message } = failure;
  return code === 'STORAGE_UNAVAILABLE' ? new StorageError(message) : new ChoraleError(code, message);
}
