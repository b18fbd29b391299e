import type { BufferBook } from './buffer-book.ts';

/** One accepted contribution, as it was sent. */
export type Contribution = { bytes: Uint8Array; values: Int32Array; weight: number };

type Outcome = 'closed' | 'committed' | 'abandoned';

/** What clients and the store saw of one round. Times ending in `Ms` are simulated time since the start. */
export type RoundBook = {
  readonly number: number;
  readonly kind: 'train' | 'evaluate';
  readonly modelRound: number;
  /** Clients in it, by the record that was to be stored. */
  readonly cohort: number;
  /** Of a buffer of asynchronous training. */
  buffer: BufferBook | null;
  /** Of whom its cohort was chosen. */
  candidates: ReadonlySet<string>;
  readonly askedMs: number;
  /** When the coordinator was told that the opening is durable. */
  openedMs: number | null;
  /** On the coordinator's clock. */
  deadline: number;
  /** Times that the clock was set since it was opened. */
  clockChanges: number;
  readonly invited: Set<string>;
  readonly accepted: Map<string, Contribution>;
  /** How many those were at its end. */
  acceptedAtEnd: number;
  readonly declined: Set<string>;
  /** Who had left for good by then: perhaps as a member already. */
  leavers: ReadonlySet<string>;
  /** Candidates that left for good since it was to be opened. */
  readonly left: Set<string>;
  /** What each client was told of its end. */
  readonly told: Map<string, Outcome>;
  /** Whose repeated update was refused because it is over. */
  readonly forgotten: Set<string>;
  /** When it had to end at the latest; `Infinity` before it is open. */
  dueMs: number;
  /** When only lost connections began to be missing. */
  absentSinceMs: number | null;
  /** When it was first seen to be over: a client was told, or its end was to be stored. */
  endedMs: number | null;
  /** The end that was to be stored last. */
  ending: 'committed' | 'abandoned' | null;
  /** Whether a commit was tried and reported as failed. */
  commitFailed: boolean;
  /** Whether the store has told the coordinator that it is committed. */
  confirmed: boolean;
  /** The end that clients were told last, `closed` aside. */
  announced: 'committed' | 'abandoned' | null;
  /** Whether it was seen to have all updates that it wants. */
  wasFull: boolean;
  /** Whether that was so after an earlier event. */
  wasConfirmed: boolean;
  /** Whether it is known how it ended. */
  isResolved: boolean;
};

export function newRoundBook(
  record: { round: number; kind: 'train' | 'evaluate'; modelRound: number; cohort: number },
  { candidates, leavers, askedMs }: { candidates: ReadonlySet<string>; leavers: ReadonlySet<string>; askedMs: number },
): RoundBook {
  return {
    number: record.round,
    kind: record.kind,
    modelRound: record.modelRound,
    cohort: record.cohort,
    buffer: null,
    candidates,
    leavers,
    askedMs,
    openedMs: null,
    deadline: Infinity,
    clockChanges: 0,
    invited: new Set(),
    accepted: new Map(),
    acceptedAtEnd: 0,
    declined: new Set(),
    left: new Set(),
    told: new Map(),
    forgotten: new Set(),
    dueMs: Infinity,
    absentSinceMs: null,
    endedMs: null,
    ending: null,
    commitFailed: false,
    confirmed: false,
    announced: null,
    wasFull: false,
    wasConfirmed: false,
    isResolved: false,
  };
}

/** Forgets who did what in a round that has long ended; what was made of it stays. */
export function forgetClients(book: RoundBook): void {
  for (const clients of [book.invited, book.accepted, book.declined, book.left, book.told, book.forgotten])
    clients.clear();
  book.candidates = NOBODY;
  book.leavers = NOBODY;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Whether an invited client may still contribute, as far as it has said. */
export function isPending(book: RoundBook, participant: string): boolean {
  return !book.accepted.has(participant) && !book.declined.has(participant) && !book.left.has(participant);
}
