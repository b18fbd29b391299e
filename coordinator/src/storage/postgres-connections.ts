import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { PostgresTables } from './postgres-schema.ts';
import { StorageError } from './storage-error.ts';

/** How a Postgres database is reached. */
export type PostgresOptions = {
  /** Most connections at a time, at least 2. */
  maximumConnections?: number;
  /** Where the tables are; without it, where the database's user looks first. */
  schema?: string;
  /** Longest time that one statement may take, in milliseconds; connecting may take a third of it. */
  timeoutMs?: number;
};

/**
 * Queries over a pool of connections that heals itself: a connection that failed is closed and not used
 * again, and the next query opens a new one. Nothing waits for longer than its timeouts, neither here
 * nor, once this process is gone, in the server.
 * @throws StorageError for what is no URL of a Postgres database
 */
export function connectPostgres(
  databaseUrl: string,
  { maximumConnections = 10, schema, timeoutMs = 15_000 }: PostgresOptions,
): Kysely<PostgresTables> {
  requireUrl(databaseUrl);
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: 'chorale',
    max: maximumConnections,
    connectionTimeoutMillis: Math.ceil(timeoutMs / 3),
    keepAlive: true,
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    // The server ends a slow statement itself; this is for one that no longer says anything.
    query_timeout: timeoutMs + Math.ceil(timeoutMs / 3),
    onConnect: async (client) => {
      // An acknowledgement means written through to the disk, whatever the server's default.
      await client.query('SET synchronous_commit = on');
      if (schema !== undefined) await client.query(`SET search_path = ${client.escapeIdentifier(schema)}`);
    },
  });
  // A connection that dies says so to its query as well, and without listeners the process would end.
  pool.on('error', ignore).on('connect', (client) => client.on('error', ignore));
  return new Kysely({ dialect: new PostgresDialect({ pool: discardingBroken(pool) }) });
}

/** Read here for once: the pool would fail for each connection, and the failure hold the URL. */
function requireUrl(databaseUrl: string): void {
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new StorageError('database: its URL must begin with postgres:// or postgresql://');
  }
  try {
    void new pg.Client({ connectionString: databaseUrl });
  } catch {
    throw new StorageError('database: its URL cannot be read');
  }
}

/**
 * A pool whose connections go back only while they are sound. One that ran into a timeout here still
 * waits for its reply, so whoever had it next would wait as well.
 */
function discardingBroken(pool: pg.Pool): PostgresPool {
  const connect = async (): Promise<PostgresPoolClient> => {
    const client = await pool.connect();
    let broken: unknown = null;
    const query = async (sql: string, parameters: unknown[]): Promise<pg.QueryResult> => {
      // Such as the ROLLBACK after the failure: it would only wait for its timeout, too.
      if (broken !== null) throw broken;
      try {
        return await client.query(sql, parameters);
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) broken = error;
        throw error;
      }
    };
    // Kysely calls it in one of the two ways that its type allows; the other takes cursors.
    return { query: query as unknown as PostgresPoolClient['query'], release: () => client.release(broken !== null) };
  };
  return { connect, end: () => pool.end(), options: {} };
}

function ignore(): void {
  // Told to whoever uses the connection.
}
