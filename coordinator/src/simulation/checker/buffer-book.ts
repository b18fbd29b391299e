import type { RoundBook } from './round-book.ts';

/** How long after its deadline the place of a client that computes is free, by SPEC.md R21. */
export const FREE_AFTER_MS = 1000;

/** What a client was asked for in asynchronous training, until it is told what became of it. */
export type Asked = {
  /** The round that it was invited in. */
  readonly round: number;
  /** Models there were when it was invited first. */
  readonly modelRound: number;
  /** On the coordinator's clock. */
  readonly deadline: number;
  /** When it was asked, or the clock was set since: waits may begin again then. */
  sinceMs: number;
  /** Times that the clock was set since it was asked. */
  clockChanges: number;
  /** The buffer that has its update. */
  in: RoundBook | null;
};

/** The latest update of a client that was accepted: its repeat is known for a while. */
export type Contributed = {
  readonly round: number;
  readonly bytes: Uint8Array;
  readonly atMs: number;
  clockChanges: number;
};

type Standing = 'pending' | 'accepted' | 'declined' | 'left';

/** What clients and the store saw of one buffer, besides what they saw of it as a round. */
export type BufferBook = {
  /** Who was asked when it was opened or has been since, and what they did last. */
  readonly members: Map<string, Standing>;
  /** Members that may have been none any more when it was opened, because the clock was set. */
  doubtful: number;
  /** Whether it is known who they were. */
  readonly isExact: boolean;
  /** Who declined it, and has not joined anew. */
  readonly resting: Set<string>;
  /** What its shape must say, once it is full. */
  shape: { declined: number; left: number; lost: number } | null;
};

/** Where everybody stands in a buffer, as a shape counts them. */
export function shapeNow(
  { members }: BufferBook,
  seats: { has(participant: string): boolean },
): NonNullable<BufferBook['shape']> {
  const shape = { declined: 0, left: 0, lost: 0 };
  for (const [participant, standing] of members) {
    if (standing === 'declined') shape.declined += 1;
    else if (standing === 'left') shape.left += 1;
    else if (standing === 'pending' && !seats.has(participant)) shape.lost += 1;
  }
  return shape;
}
