import type { ServerModel } from '@chorale/training';
import type { ModelRecord, RoundOwner, RoundRecord, Store } from '../storage/store.ts';
import type { Schedule } from './scheduler.ts';
import type { Round, Turnout } from './training-state.ts';

/** Where operators read what happened; never an update, an answer or a participant. */
export type Log = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;

type Options = { study: string; store: Store; date: () => Date; log: Log; schedule: Schedule } & RoundOwner;

/** What a committed round leaves behind: a new model or a histogram, and whom it cost a participation. */
type Result = ({ model: ServerModel } | { histogram: number[] }) & Charged;
type Charged = { participants: readonly string[] };

/** Pauses between two attempts to learn from the store how a round ended. */
const RETRY_MS = { first: 500, longest: 30_000 } as const;

/** The rounds of one study as the store has them, and the writing of new ones. */
export class RoundHistory {
  readonly #options: Options;
  readonly #records = new Map<number, RoundRecord>();
  readonly #sent = { train: 0, evaluate: 0 };
  /** A round that was opened with the commit of the one before, until it begins. */
  #next: RoundRecord | null = null;
  readonly #stopping = Promise.withResolvers<void>();
  #isStopped = false;

  constructor(options: Options, stored: readonly RoundRecord[]) {
    this.#options = options;
    for (const record of stored) this.#keep(record);
  }

  /** Rounds so far, by kind, whatever became of them. */
  get sent(): { readonly train: number; readonly evaluate: number } {
    return this.#sent;
  }

  /** In the order of their numbers. */
  records(): Iterable<RoundRecord> {
    return this.#records.values();
  }

  /** Makes a round's number durable; rejects where that is not certain. [R2] */
  async open(round: Round): Promise<void> {
    const known = this.#next?.round === round.number ? this.#next : null;
    this.#next = null;
    const record = known ?? this.#opened(round);
    if (known === null) await this.#options.store.openRound(record, this.#by);
    this.#keep(record);
  }

  /**
   * Makes a round's outcome, its model and the number of the next round durable, all or none; `false` when
   * they are not. After a failed write that is unknown: the promise stays open until the store has settled
   * which it is, or until `stop`. [R13]
   */
  async commit(round: Round, turnout: Turnout, result: Result, following: Round | null): Promise<boolean> {
    const { study, store, log } = this.#options;
    const histogram = 'histogram' in result ? result.histogram : null;
    const record: RoundRecord = { ...this.#ended(round, turnout), state: 'committed', histogram };
    const model = 'model' in result ? toRecord({ study, modelRound: round.modelRound + 1 }, result.model) : null;
    const next = following === null ? null : this.#opened(following);
    try {
      await store.endRound(record, model, { ...this.#by, participants: result.participants, next });
    } catch (error) {
      log.error({ study, round: round.number, err: error }, 'storing a committed round failed');
      if (!(await this.#wasCommitted(record, result))) return false;
    }
    this.#keep(record);
    this.#next = next;
    return true;
  }

  /** Writes that a round was abandoned; where that fails it stays open in the store until the next start. */
  async abandon(round: Round, turnout: Turnout, { reason, participants }: { reason: string } & Charged): Promise<void> {
    const { study, store, log } = this.#options;
    if (this.#records.get(round.number)?.state === 'abandoned') return;
    const record: RoundRecord = { ...this.#ended(round, turnout), state: 'abandoned', reason };
    this.#keep(record);
    try {
      await store.endRound(record, null, { ...this.#by, participants });
    } catch (error) {
      log.error({ study, round: round.number, err: error }, 'storing an abandoned round failed');
    }
  }

  /** Gives up on questions that the store has not answered. */
  stop(): void {
    this.#isStopped = true;
    this.#stopping.resolve();
  }

  get #by(): RoundOwner {
    return { owner: this.#options.owner };
  }

  #keep(record: RoundRecord): void {
    if (!this.#records.has(record.round)) this.#sent[record.kind] += 1;
    this.#records.set(record.round, record);
  }

  #ended(round: Round, turnout: Turnout): RoundRecord {
    const endedAt = this.#options.date().toISOString();
    // In asynchronous training clients are invited while the round is open.
    const cohort = turnout.shape.invited;
    return { ...(this.#records.get(round.number) ?? this.#opened(round)), ...turnout, cohort, endedAt };
  }

  #opened(round: Round): RoundRecord {
    return {
      study: this.#options.study,
      round: round.number,
      kind: round.kind,
      state: 'open',
      modelRound: round.modelRound,
      cohort: round.cohort.members.size,
      accepted: 0,
      dropouts: 0,
      startedAt: this.#options.date().toISOString(),
      endedAt: null,
      reason: null,
      histogram: null,
      shape: null,
    };
  }

  /**
   * Whether a round is committed whose commit seemed to fail. To look would not do: a database whose connection
   * broke may be about to write it. To abandon the round settles it: that waits for a commit under way, forestalls
   * one that is yet to come, and is refused after one that is done.
   */
  async #wasCommitted(record: RoundRecord, { participants }: Charged): Promise<boolean> {
    const { study, store, log } = this.#options;
    const { round } = record;
    const abandoned: RoundRecord = {
      ...record,
      state: 'abandoned',
      reason: 'the outcome could not be stored',
      histogram: null,
    };
    for (let pauseMs: number = RETRY_MS.first; !this.#isStopped; pauseMs = Math.min(RETRY_MS.longest, 2 * pauseMs)) {
      try {
        const settled = await store.endRound(abandoned, null, { ...this.#by, participants }).then(
          () => abandoned,
          async () => (await store.readRounds(study)).find((stored) => stored.round === round),
        );
        if (settled !== undefined && settled.state !== 'open') {
          this.#keep(settled);
          return settled.state === 'committed';
        }
      } catch (error) {
        log.error({ study, round, err: error }, 'the store does not say how a round ended');
      }
      await this.#pause(pauseMs);
    }
    return false;
  }

  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.schedule(resolve, delayMs);
    await Promise.race([promise, this.#stopping.promise]);
    cancel();
  }
}

function toRecord(of: Pick<ModelRecord, 'study' | 'modelRound'>, { parameters, optimizer }: ServerModel): ModelRecord {
  return { ...of, parameters, ...(optimizer === null ? {} : { optimizer }) };
}
