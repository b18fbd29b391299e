import type { Kysely } from 'kysely';
import type { Log } from '../rounds/round-history.ts';
import type { ResumeStudy } from '../rounds/study-rounds.ts';
import { connectPostgres } from '../storage/postgres-connections.ts';
import type { PostgresTables } from '../storage/postgres-schema.ts';
import { Claims } from './claims.ts';
import { ClusteredStudy, type StudyLink } from './clustered-study.ts';
import { type ControlMessage, decodeMessage, encodeMessage } from './control-message.ts';
import { NodeSession } from './node-session.ts';

export type ClusterOptions = {
  databaseUrl: string;
  schema?: string;
  log: Log;
  /** Called once when this node has lost its place: it must end, since others may have taken over. */
  onLost: (error: Error) => void;
  /** Pause between two looks at who is alive, in milliseconds. */
  watchMs?: number;
};

/**
 * One of several coordinator nodes over one Postgres database. Each takes connections, reports and
 * contributions; the rounds of a study are run by one of them, which another replaces when it is gone.
 */
export class Cluster {
  readonly #options: ClusterOptions;
  readonly #session: NodeSession;
  readonly #db: Kysely<PostgresTables>;
  readonly #claims: Claims;
  readonly #studies = new Map<string, ClusteredStudy>();
  #alive = new Set<number>();
  #published: (study: string) => void = () => {};
  #closed: (study: string) => void = () => {};
  #number = 0;
  #watching: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  private constructor(options: ClusterOptions, session: NodeSession, db: Kysely<PostgresTables>) {
    this.#options = options;
    this.#session = session;
    this.#db = db;
    this.#claims = new Claims(db, session.node);
  }

  /** Joins the nodes of a database whose tables are there. @throws StorageError */
  static async open(options: ClusterOptions): Promise<Cluster> {
    const { databaseUrl, schema } = options;
    const receiver = { receive: (_text: string): void => {} };
    const session = await NodeSession.open({
      databaseUrl,
      schema,
      // Nothing concerns a node before it has studies.
      onMessage: (text) => receiver.receive(text),
      onLost: (error) => options.onLost(error),
    });
    const db = connectPostgres(databaseUrl, schema === undefined ? {} : { schema });
    const cluster = new Cluster(options, session, db);
    receiver.receive = (text) => cluster.#receive(text);
    cluster.#alive = await session.aliveNodes();
    cluster.#watchLater();
    return cluster;
  }

  get node(): number {
    return this.#session.node;
  }

  /** Takes part in the rounds of a study. */
  readonly resume: ResumeStudy = async (study, options) => {
    const clustered = await ClusteredStudy.resume(study, options, this.#link);
    this.#studies.set(study.manifest.id, clustered);
    // Whoever became the owner meanwhile said so before anybody here listened.
    await clustered.watch();
    this.#send('all', { type: 'published', study: study.manifest.id });
    return clustered;
  };

  /** Names studies that other nodes take part in, perhaps not for the first time. */
  onPublished(listener: (study: string) => void): void {
    this.#published = listener;
  }

  /** Names studies that another node has closed. */
  onClosed(listener: (study: string) => void): void {
    this.#closed = listener;
  }

  /** Takes part in a study's rounds no more, and tells the others to do the same. */
  closed(study: string): void {
    this.#studies.delete(study);
    this.#send('all', { type: 'closed', study });
  }

  /** Leaves the cluster; studies must have been stopped. Others take over at once. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#watching;
    await this.#session.close();
    await this.#db.destroy();
  }

  /** Breaks off as a node does that dies. */
  destroy(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#session.destroy();
  }

  get #link(): StudyLink {
    return {
      node: this.#session.node,
      claims: this.#claims,
      tryOwn: (slot) => this.#session.tryOwn(slot),
      send: (node, message) => this.#send(node, message),
      isAlive: (node) => this.#alive.has(node),
    };
  }

  #send(node: number | 'all', message: ControlMessage): void {
    this.#number += 1;
    this.#session.notify(node, encodeMessage(this.#session.node, this.#number, message));
  }

  #receive(text: string): void {
    const envelope = decodeMessage(text);
    if (envelope === null) {
      this.#options.log.warn({}, 'a message of another node could not be understood');
      return;
    }
    const { from, body } = envelope;
    // Whoever speaks is alive, though it may have come after the last look.
    this.#alive.add(from);
    if (body.type === 'published') {
      if (from !== this.node && !this.#studies.has(body.study)) this.#published(body.study);
      return;
    }
    if (body.type === 'closed') {
      if (from === this.node || !this.#studies.delete(body.study)) return;
      this.#closed(body.study);
      return;
    }
    const study = this.#studies.get(body.study);
    if (body.type === 'reply' || body.type === 'refusal') study?.answered(body);
    else study?.receive(from, body);
  }

  #watchLater(): void {
    this.#timer = setTimeout(() => {
      this.#watching = this.#watch().finally(() => {
        if (!this.#isClosed) this.#watchLater();
      });
    }, this.#options.watchMs ?? 1000);
  }

  async #watch(): Promise<void> {
    try {
      this.#alive = await this.#session.aliveNodes();
      await Promise.all([...this.#studies.values()].map((study) => study.watch()));
    } catch (error) {
      if (!this.#isClosed) this.#options.log.error({ err: error }, 'looking after the cluster failed');
    }
  }
}
