import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { freeMemory } from '../operations/free-memory.ts';
import { GroupCommit } from './group-commit.ts';
import { makePrivate } from './private-file.ts';
import type { SqliteFailure, SqliteReply, SqliteRequest } from './sqlite-messages.ts';
import { singleChanges, sqliteOperations } from './sqlite-operations.ts';
import { explainFailure, SqliteRefusal } from './sqlite-refusal.ts';
import { prepareDatabase } from './sqlite-schema.ts';

// The thread that owns the database: SQLite's calls block, and a flush to disk takes milliseconds.
const port = parentPort!;
const folder = String(workerData);

try {
  serve();
} catch (error) {
  tell([{ id: 0, failure: describe(error) }]);
  port.close();
}

function serve(): void {
  const file = join(folder, 'chorale.db');
  makePrivate(file);
  const db = new DatabaseSync(file);
  prepareDatabase(db, folder);
  const commit = new GroupCommit<SqliteRequest, SqliteReply>({
    db,
    run: runner(db),
    isSingleChange: ({ name }) => singleChanges.has(name),
    fail: ({ id }, error) => ({ id, failure: describe(error) }),
    done: tell,
  });
  const close = (id: number): void => {
    commit.flush();
    db.close();
    tell([{ id, value: undefined }]);
    port.close();
  };
  port.on('message', (requests: SqliteRequest[]) => {
    for (const request of requests) {
      if (request.name === 'close') close(request.id);
      else commit.add(request);
    }
  });
  tell([{ id: 0, value: undefined }]);
}

function tell(replies: SqliteReply[]): void {
  port.postMessage(replies);
}

function runner(db: DatabaseSync): (request: SqliteRequest) => SqliteReply {
  const operations = sqliteOperations(db);
  return (request) => {
    if (request.name === 'close') throw new TypeError('close is no operation');
    const reply = { id: request.id, value: Reflect.apply(operations[request.name], undefined, request.args) };
    if (request.name === 'endRound' && request.args[1] !== null) {
      // SQLite has its own copy of a model now, and this thread's is as large.
      const { parameters, optimizer } = request.args[1];
      freeMemory(parameters);
      if (optimizer !== undefined) freeMemory(optimizer);
    }
    return reply;
  };
}

function describe(error: unknown): SqliteFailure {
  if (error instanceof SqliteRefusal) return { type: 'refusal', code: error.code, message: error.message };
  const explanation = explainFailure(error, folder);
  if (explanation === null) return { type: 'unexpected', error };
  return { type: 'refusal', code: 'STORAGE_UNAVAILABLE', message: explanation };
}
