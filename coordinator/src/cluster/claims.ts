import { type Kysely, sql } from 'kysely';
import { BatchQueue } from '../storage/batch-queue.ts';
import { explainPostgres } from '../storage/postgres-failure.ts';
import type { PostgresTables } from '../storage/postgres-schema.ts';

export type RoundKey = { study: string; round: number };
export type Claim = RoundKey & { participant: string; digest: Buffer };

/** What came of a claim: it is this node's now, it is held already, or the round takes nothing more. */
export type ClaimOutcome = { state: 'claimed' } | { state: 'held'; node: number; digest: Buffer } | { state: 'closed' };

/** One node's part of a round's sum. */
export type Partial = {
  node: number;
  participants: string[];
  totalWeight: number;
  sensitivity: number;
  sum: Float64Array;
};

const BATCH = { items: 500, size: Infinity };

/**
 * Who holds which contribution to which round, for all nodes: a row a contribution, whose key is the client.
 * So a client that sends one update to two nodes counts once. The tables are not written through to the disk: a
 * database that crashed has lost all sessions, and with them all rounds that were open.
 */
export class Claims {
  readonly #db: Kysely<PostgresTables>;
  readonly #node: number;
  readonly #queue: BatchQueue<Claim, ClaimOutcome>;

  constructor(db: Kysely<PostgresTables>, node: number) {
    this.#db = db;
    this.#node = node;
    this.#queue = new BatchQueue({ write: (claims) => this.#write(claims), limits: BATCH, sizeOf: () => 0 });
  }

  /** Claims a contribution for this node. Of several claims of one client at the same time only the first is. */
  claim(claim: Claim): Promise<ClaimOutcome> {
    return this.#queue.add(claim);
  }

  /** Gives back a claim of this node whose contribution turned out to be no good. */
  async unclaim({ study, round, participant }: RoundKey & { participant: string }): Promise<void> {
    await this.#do(sql`DELETE FROM claim
      WHERE study = ${study} AND round = ${round} AND participant = ${participant} AND node = ${this.#node}`);
  }

  /** Takes the claims of a node that is gone out of a round that is still open; tells whose they were. */
  async dropNode({ study, round }: RoundKey, node: number): Promise<string[]> {
    const rows = await this.#do<{ participant: string }>(sql`
      WITH taking AS (
        SELECT 1 FROM round WHERE study = ${study} AND round = ${round} AND state = 'open' AND NOT closing FOR SHARE
      )
      DELETE FROM claim WHERE study = ${study} AND round = ${round} AND node = ${node} AND EXISTS (SELECT 1 FROM taking)
      RETURNING participant`);
    return rows.map(({ participant }) => participant);
  }

  /** Nodes that hold contributions to a round. */
  async holders({ study, round }: RoundKey): Promise<number[]> {
    const rows = await this.#do<{ node: number }>(sql`
      SELECT DISTINCT node FROM claim WHERE study = ${study} AND round = ${round}`);
    return rows.map(({ node }) => node);
  }

  /** From here on no claim of the round succeeds, on any node. Tells which nodes hold how many. */
  async closeRound({ study, round }: RoundKey): Promise<Map<number, Set<string>>> {
    // Waits for claims under way: they hold the row.
    await this.#do(sql`UPDATE round SET closing = true WHERE study = ${study} AND round = ${round}`);
    const rows = await this.#do<{ node: number; participant: string }>(sql`
      SELECT node, participant FROM claim WHERE study = ${study} AND round = ${round}`);
    const held = new Map<number, Set<string>>();
    for (const { node, participant } of rows) held.set(node, (held.get(node) ?? new Set()).add(participant));
    return held;
  }

  /** Writes this node's part of a round's sum, once. */
  async putPartial(
    { study, round }: RoundKey,
    { participants, totalWeight, sensitivity, sum }: Omit<Partial, 'node'>,
  ): Promise<void> {
    const bytes = Buffer.from(sum.buffer, sum.byteOffset, sum.byteLength);
    await this.#do(sql`
      INSERT INTO partial (study, round, node, participants, total_weight, sensitivity, sum)
      VALUES (${study}, ${round}, ${this.#node}, ${participants}, ${totalWeight}, ${sensitivity}, ${bytes})
      ON CONFLICT DO NOTHING`);
  }

  /** The parts of all nodes that wrote one. */
  async partials({ study, round }: RoundKey): Promise<Partial[]> {
    const rows = await this.#do<Omit<Partial, 'sum' | 'totalWeight'> & { total_weight: number; sum: Buffer }>(sql`
      SELECT node, participants, total_weight, sensitivity, sum FROM partial WHERE study = ${study} AND round = ${round}`);
    return rows.map(({ total_weight: totalWeight, sum, ...part }) => ({ ...part, totalWeight, sum: toDoubles(sum) }));
  }

  /** Forgets a round that has ended, and all before it. */
  async forget({ study, round }: RoundKey): Promise<void> {
    await this.#do(sql`DELETE FROM claim WHERE study = ${study} AND round <= ${round}`);
    await this.#do(sql`DELETE FROM partial WHERE study = ${study} AND round <= ${round}`);
  }

  /** The number of a study's lock, and the node that had it last. */
  async ownership(study: string): Promise<{ slot: number; owner: number | null }> {
    await this.#do(sql`INSERT INTO training (study) VALUES (${study}) ON CONFLICT DO NOTHING`);
    const [row] = await this.#do<{ slot: number; owner: number | null }>(sql`
      SELECT slot, owner FROM training WHERE study = ${study}`);
    return row!;
  }

  async setOwner(study: string): Promise<void> {
    await this.#do(sql`UPDATE training SET owner = ${this.#node} WHERE study = ${study}`);
  }

  async #write(claims: Claim[]): Promise<PromiseSettledResult<ClaimOutcome>[]> {
    const column = <Key extends keyof Claim>(key: Key): Claim[Key][] => claims.map((claim) => claim[key]);
    const wanted = sql`unnest(${column('study')}::text[], ${column('round')}::int[],
      ${column('participant')}::text[], ${column('digest')}::bytea[]) AS wanted (study, round, participant, digest)`;
    const taken = await this.#do<Omit<Claim, 'digest'>>(sql`
      WITH taking AS (
        SELECT study, round FROM round
        WHERE (study, round) IN (SELECT study, round FROM ${wanted}) AND state = 'open' AND NOT closing
        FOR SHARE
      )
      INSERT INTO claim (study, round, participant, node, digest)
      SELECT study, round, participant, ${this.#node}::int, digest FROM ${wanted} JOIN taking USING (study, round)
      ON CONFLICT DO NOTHING
      RETURNING study, round, participant`);
    const isTaken = new Set(taken.map(keyOf));
    const held = new Map<string, { node: number; digest: Buffer }>();
    if (isTaken.size < claims.length) {
      const rows = await this.#do<Claim & { node: number }>(sql`
        SELECT study, round, participant, claim.node, claim.digest
        FROM claim JOIN (SELECT study, round, participant FROM ${wanted}) AS asked USING (study, round, participant)`);
      for (const row of rows) held.set(keyOf(row), row);
    }
    return claims.map((claim) => {
      const key = keyOf(claim);
      const value = outcome(isTaken.has(key), held.get(key));
      // The next claim of this client in the batch meets this one.
      if (isTaken.delete(key)) held.set(key, { node: this.#node, digest: claim.digest });
      return { status: 'fulfilled', value };
    });
  }

  async #do<Row>(statement: ReturnType<typeof sql<Row>>): Promise<Row[]> {
    try {
      return (await statement.execute(this.#db)).rows;
    } catch (error) {
      throw explainPostgres(error);
    }
  }
}

function outcome(isTaken: boolean, held: { node: number; digest: Buffer } | undefined): ClaimOutcome {
  if (isTaken) return { state: 'claimed' };
  return held === undefined ? { state: 'closed' } : { state: 'held', node: held.node, digest: held.digest };
}

function keyOf({ study, round, participant }: Omit<Claim, 'digest'>): string {
  return `${study} ${round} ${participant}`;
}

function toDoubles(bytes: Buffer): Float64Array {
  // Copied: a buffer may start anywhere, doubles only at multiples of eight.
  return new Float64Array(Uint8Array.from(bytes).buffer);
}
