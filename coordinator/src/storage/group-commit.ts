import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** How requests become transactions. */
export type GroupCommitOptions<Request, Reply> = {
  db: DatabaseSync;
  /** Does one request inside the open transaction; what it changed is undone when it throws. */
  run: (request: Request) => Reply;
  /** Whether a request makes one change at most, and has made none when it throws: SQLite undoes a failed statement. */
  isSingleChange: (request: Request) => boolean;
  /** The reply to a request that threw, or whose transaction could not be written. */
  fail: (request: Request, error: unknown) => Reply;
  /** Takes the replies of one transaction, after it was written. */
  done: (replies: Reply[]) => void;
};

/**
 * Writes many requests in one transaction. A flush to disk costs the same for one report as for a
 * thousand: those that arrive while one transaction is being written share the next. Replies leave
 * only after the commit, reads included, so nothing is ever told that a crash could take back.
 */
export class GroupCommit<Request, Reply> {
  readonly #options: GroupCommitOptions<Request, Reply>;
  readonly #transaction: Record<'begin' | 'commit' | 'undo', StatementSync>;
  readonly #savepoint: Record<'begin' | 'release' | 'undo', StatementSync>;
  #waiting: Request[] = [];

  constructor(options: GroupCommitOptions<Request, Reply>) {
    this.#options = options;
    const { db } = options;
    this.#transaction = { begin: db.prepare('BEGIN'), commit: db.prepare('COMMIT'), undo: db.prepare('ROLLBACK') };
    this.#savepoint = {
      begin: db.prepare('SAVEPOINT request'),
      release: db.prepare('RELEASE request'),
      undo: db.prepare('ROLLBACK TO request'),
    };
  }

  add(request: Request): void {
    // All messages that are already queued are delivered before an immediate runs.
    if (this.#waiting.push(request) === 1) setImmediate(() => this.flush());
  }

  /** Writes what waits now. */
  flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0) return;
    this.#waiting = [];
    this.#options.done(this.#write(batch));
  }

  #write(batch: Request[]): Reply[] {
    const { db, run, fail } = this.#options;
    try {
      this.#transaction.begin.run();
      // One request alone is undone with its transaction: a savepoint would copy each page that it changes.
      const replies = batch.map((request) => (batch.length === 1 ? run(request) : this.#runOne(request)));
      this.#transaction.commit.run();
      return replies;
    } catch (error) {
      // Some failures, a full disk among them, have ended the transaction already.
      if (db.isTransaction) this.#transaction.undo.run();
      return batch.map((request) => fail(request, error));
    }
  }

  /** Does one of several requests; where that fails the others stay done. */
  #runOne(request: Request): Reply {
    const { db, run, fail, isSingleChange } = this.#options;
    if (!isSingleChange(request)) return this.#runAlone(request);
    try {
      return run(request);
    } catch (error) {
      if (!db.isTransaction) throw error;
      return fail(request, error);
    }
  }

  /** Does one of several requests, all of it or nothing. */
  #runAlone(request: Request): Reply {
    const { db, run, fail } = this.#options;
    this.#savepoint.begin.run();
    try {
      const reply = run(request);
      this.#savepoint.release.run();
      return reply;
    } catch (error) {
      // Without a transaction there is nothing left to undo, and nothing of this batch is kept.
      if (!db.isTransaction) throw error;
      this.#savepoint.undo.run();
      this.#savepoint.release.run();
      return fail(request, error);
    }
  }
}
