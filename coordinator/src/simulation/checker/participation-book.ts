import { participationLimits, type TrainingTask } from '@chorale/protocol';

/** Rounds that one client contributed to. */
type Rounds = { readonly numbers: Set<number>; latest: number };

/** Who has contributed to which training rounds, where the task limits that. [R25] */
export class ParticipationBook {
  readonly isLimited: boolean;
  readonly #atMost: number;
  readonly #spacing: number;
  /** Rounds of each client's updates that the store counts. */
  readonly #stored = new Map<string, Rounds>();
  /** Those and the ones that the coordinator which runs now has ended, stored or not. */
  readonly #known = new Map<string, Rounds>();
  /** Grows with each change. */
  version = 0;

  constructor(task: TrainingTask) {
    const { atMost, spacing } = participationLimits(task);
    this.isLimited = Number.isFinite(atMost);
    this.#atMost = atMost;
    this.#spacing = spacing;
  }

  /** A round is to be stored as ended that these contributed to. */
  ended(round: number, participants: readonly string[]): void {
    this.#add(this.#known, round, participants);
  }

  /** It is. */
  stored(round: number, participants: readonly string[]): void {
    this.#add(this.#stored, round, participants);
    this.#add(this.#known, round, participants);
  }

  /** A new coordinator knows what is stored. */
  restarted(): void {
    this.#known.clear();
    for (const [participant, { numbers, latest }] of this.#stored) {
      this.#known.set(participant, { numbers: new Set(numbers), latest });
    }
    this.version += 1;
  }

  isUsedUp(participant: string): boolean {
    return (this.#known.get(participant)?.numbers.size ?? 0) >= this.#atMost;
  }

  /** Whether a coordinator that knows all may invite this client to a round. */
  isAvailable(participant: string, round: number): boolean {
    return this.#allows(this.#known.get(participant), round);
  }

  /** Whether what is stored allows it. */
  isAllowed(participant: string, round: number): boolean {
    return this.#allows(this.#stored.get(participant), round);
  }

  /** What the store must answer, in the order of participants. */
  records(study: string): { study: string; participant: string; updates: number; latestRound: number }[] {
    return Array.from(this.#stored, ([participant, { numbers, latest }]) => {
      return { study, participant, updates: numbers.size, latestRound: latest };
    }).sort(byParticipant);
  }

  #allows(rounds: Rounds | undefined, round: number): boolean {
    return rounds === undefined || (rounds.numbers.size < this.#atMost && round >= rounds.latest + this.#spacing);
  }

  #add(to: Map<string, Rounds>, round: number, participants: readonly string[]): void {
    for (const participant of participants) {
      const known = to.get(participant);
      if (known === undefined) to.set(participant, { numbers: new Set([round]), latest: round });
      else {
        known.numbers.add(round);
        known.latest = Math.max(known.latest, round);
      }
    }
    this.version += 1;
  }
}

export function byParticipant(a: { participant: string }, b: { participant: string }): number {
  return a.participant < b.participant ? -1 : 1;
}
