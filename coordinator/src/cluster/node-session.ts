import pg from 'pg';
import { explainPostgres } from '../storage/postgres-failure.ts';
import { StorageError } from '../storage/storage-error.ts';

export type NodeSessionOptions = {
  databaseUrl: string;
  /** Where the tables are; without it, where the database's user looks first. */
  schema?: string | undefined;
  /** What other nodes, or this one, said; `null` is a text that cannot be one of theirs. */
  onMessage: (text: string) => void;
  /** Called once when the session is gone: locks may belong to others now, so the process has to end. */
  onLost: (error: Error) => void;
  /** Longest time that the database may take to answer. */
  timeoutMs?: number;
};

type Keys = { node: number; liveness: number; ownership: number; channel: string };

/** Longest payload of a notification that Postgres takes, in bytes. */
const LONGEST_MESSAGE = 7900;

/**
 * One connection to Postgres for as long as a node lives. Its advisory locks say that the node is alive and
 * which studies it owns: Postgres frees them when the connection ends, in whatever way. On the same
 * connection nodes talk by LISTEN and NOTIFY, so that whoever is alive also hears.
 */
export class NodeSession {
  readonly #client: pg.Client;
  readonly #keys: Keys;
  readonly #options: NodeSessionOptions;
  readonly #timeoutMs: number;
  #waiting: { channel: string; text: string }[] = [];
  #sending: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(client: pg.Client, keys: Keys, options: NodeSessionOptions) {
    this.#client = client;
    this.#keys = keys;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    client.on('notification', ({ payload }) => this.#options.onMessage(payload ?? ''));
    client.on('error', (error) => this.#lose(error));
    client.on('end', () => this.#lose(new Error('the connection ended')));
  }

  /** @throws StorageError when the database cannot be reached or used. */
  static async open(options: NodeSessionOptions): Promise<NodeSession> {
    const { databaseUrl, schema, timeoutMs = 10_000 } = options;
    const client = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'chorale node',
      connectionTimeoutMillis: timeoutMs,
      keepAlive: true,
    });
    // Until the session listens to it: without a listener an error would end the process.
    client.on('error', () => {});
    try {
      await client.connect();
      if (schema !== undefined) await client.query(`SET search_path = ${client.escapeIdentifier(schema)}`);
      // A node whose machine is gone says nothing: the server then asks, and frees its locks within seconds. The
      // last is for messages on their way to it, which the system would otherwise repeat for a quarter of an hour.
      await client.query(`SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
        SET tcp_user_timeout = 11000`);
      // The number that it takes must not come again after a crash of the server.
      await client.query('SET synchronous_commit = on');
      const keys = await takeNumber(client);
      await client.query('SELECT pg_advisory_lock($1, $2)', [keys.liveness, keys.node]);
      const session = new NodeSession(client, keys, options);
      await client.query(`LISTEN ${keys.channel}; LISTEN ${keys.channel}_${keys.node}`);
      return session;
    } catch (error) {
      await client.end().catch(() => {});
      throw explainPostgres(error);
    }
  }

  /** This node's number, never used by another one. */
  get node(): number {
    return this.#keys.node;
  }

  /** Says something to one node, or to all, this one included. What is said arrives in order, once. */
  notify(target: number | 'all', text: string): void {
    if (Buffer.byteLength(text) > LONGEST_MESSAGE) throw new RangeError('message must fit a notification');
    const { channel } = this.#keys;
    this.#waiting.push({ channel: target === 'all' ? channel : `${channel}_${target}`, text });
    if (this.#waiting.length === 1) this.#sending = this.#sending.then(() => this.#send());
  }

  /** Whether this node has the lock now, or has had it already. */
  async tryOwn(slot: number): Promise<boolean> {
    const { rows } = await this.#query<{ owned: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS owned', [
      this.#keys.ownership,
      slot,
    ]);
    return rows[0]?.owned === true;
  }

  /** Numbers of the nodes that have a session. */
  async aliveNodes(): Promise<Set<number>> {
    const { rows } = await this.#query<{ node: number }>(
      `SELECT objid::int AS node FROM pg_locks
       WHERE locktype = 'advisory' AND classid = $1::int::oid AND objsubid = 2 AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      [this.#keys.liveness],
    );
    return new Set(rows.map(({ node }) => node));
  }

  /** Frees all locks, after what was said before has left. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    await this.#sending;
    this.#isClosed = true;
    await this.#client.end().catch(() => {});
  }

  /** Breaks the connection off, as a network does that fails. */
  destroy(): void {
    this.#client.connection.stream.destroy();
  }

  async #send(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = [];
    await this.#query(
      'SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS said (channel, payload)',
      [batch.map(({ channel }) => channel), batch.map(({ text }) => text)],
    ).catch(() => {});
  }

  async #query<Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<pg.QueryResult<Row>> {
    if (this.#isClosed) throw new StorageError('the node has left the cluster');
    const silence = setTimeout(() => this.#lose(new Error('the database does not answer')), this.#timeoutMs);
    try {
      return await this.#client.query<Row>(text, values);
    } catch (error) {
      // Nothing that is asked here may fail: a session that cannot is of no use.
      this.#lose(error instanceof Error ? error : new Error(String(error)));
      throw explainPostgres(error);
    } finally {
      clearTimeout(silence);
    }
  }

  #lose(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.destroy();
    this.#options.onLost(explainPostgres(error));
  }
}

async function takeNumber(client: pg.Client): Promise<Keys> {
  // Locks and channels are the database's: the schema's name keeps those of several apart.
  const { rows } = await client.query<{ node: string; liveness: number; ownership: number }>(
    `SELECT nextval('node_number') AS node,
       hashtext('chorale node ' || current_schema()) & 2147483647 AS liveness,
       hashtext('chorale study ' || current_schema()) & 2147483647 AS ownership`,
  );
  const row = rows[0]!;
  return { ...row, node: Number(row.node), channel: `chorale_${row.liveness}` };
}
