import pg from 'pg';

/** What the rounds of a study are at: none open, one that takes updates, one that is being summed up. */
export type Phase = 'pause' | 'reporting' | 'closing';

/** Looks at the cluster's tables from outside. */
export class ClusterObserver {
  readonly #client: pg.Client;
  readonly #study: string;

  private constructor(client: pg.Client, study: string) {
    this.#client = client;
    this.#study = study;
  }

  /** Notes from now on which parts of sums are written: the nodes forget them with their round. */
  static async watch(databaseUrl: string, study: string): Promise<ClusterObserver> {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(`
      CREATE TABLE noted_part (round integer, contributions integer);
      CREATE FUNCTION note_part() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO noted_part VALUES (NEW.round, cardinality(NEW.participants));
          NOTIFY cluster_trial, 'part';
          RETURN NULL;
        END $$;
      CREATE FUNCTION note_closing() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          NOTIFY cluster_trial, 'closing';
          RETURN NULL;
        END $$;
      CREATE TRIGGER note_part AFTER INSERT ON partial FOR EACH ROW EXECUTE FUNCTION note_part();
      CREATE TRIGGER note_closing AFTER UPDATE OF closing ON round FOR EACH ROW EXECUTE FUNCTION note_closing();
      LISTEN cluster_trial`);
    return new ClusterObserver(client, study);
  }

  /** Resolves when a round takes nothing more, or a part of its sum has been written. */
  next(event: 'closing' | 'part'): Promise<void> {
    return new Promise((resolve) => {
      const hear = ({ payload }: pg.Notification): void => {
        if (payload !== event) return;
        this.#client.off('notification', hear);
        resolve();
      };
      this.#client.on('notification', hear);
    });
  }

  async look(): Promise<{ owner: number | null; phase: Phase }> {
    const { rows } = await this.#client.query<{ owner: number | null; closing: boolean | null }>(
      `SELECT owner, closing FROM training LEFT JOIN round ON round.study = training.study AND state = 'open'
       WHERE training.study = $1 ORDER BY round DESC LIMIT 1`,
      [this.#study],
    );
    const { owner = null, closing = null } = rows[0] ?? {};
    return { owner, phase: closing === null ? 'pause' : closing ? 'closing' : 'reporting' };
  }

  /** Committed rounds in which others than the owner had a part; its own part it does not write. */
  async shared(): Promise<number> {
    const { rows } = await this.#client.query<{ shared: number }>(
      `SELECT count(*)::int AS shared FROM round
       JOIN (SELECT round, sum(contributions) AS elsewhere FROM noted_part GROUP BY round) AS parts USING (round)
       WHERE study = $1 AND state = 'committed' AND elsewhere < accepted`,
      [this.#study],
    );
    return rows[0]!.shared;
  }

  close(): Promise<void> {
    return this.#client.end();
  }
}
