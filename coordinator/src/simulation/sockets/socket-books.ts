import {
  decodeParameters,
  histogramCells,
  type RoundEndedMessage,
  type RoundMessage,
  type TrainingTask,
} from '@chorale/protocol';
import type { ModelRecord, RoundRecord } from '../../storage/store.ts';
import { exactSum, expectedModel, isSameModel } from '../checker/expected-result.ts';
import type { Contribution } from '../checker/round-book.ts';
import type { Violations } from '../checker/violations.ts';
import { matchingContributions } from './matching-contributions.ts';

/** An update that was sent: `unknown` until it is answered, and for ever where the answer was lost. */
export type Sent = Contribution & { participant: string; state: 'unknown' | 'accepted' | 'refused' };

type Round = {
  first: RoundMessage;
  /** Until when each invited client was told to have time, at the latest, on this machine's clock. */
  readonly closesAt: Map<string, number>;
  readonly gone: Set<string>;
  readonly told: Map<string, RoundEndedMessage['outcome']>;
};

/**
 * What the clients of one study sent and were told over real sockets, where nobody sees the order in which
 * things reached the coordinator. What was committed is checked against it when the coordinator is down and
 * the store can be read.
 */
export class SocketBooks {
  readonly task: TrainingTask;
  readonly #violations: Violations;
  readonly #parameters: number;
  readonly #groups: ReadonlyMap<string, string>;
  readonly #rounds = new Map<number, Round>();
  readonly #sent = new Map<number, Sent[]>();
  readonly #models = new Map<number, Float32Array>();
  readonly answers: Record<string, number> = {};

  constructor(options: {
    task: TrainingTask;
    parameters: number;
    groups: ReadonlyMap<string, string>;
    violations: Violations;
  }) {
    this.task = options.task;
    this.#parameters = options.parameters;
    this.#groups = options.groups;
    this.#violations = options.violations;
    this.#models.set(0, new Float32Array(options.parameters));
  }

  /** Rounds that anybody was invited to. */
  get invitedRounds(): number {
    return this.#rounds.size;
  }

  get latestRound(): number {
    return Math.max(0, ...this.#rounds.keys());
  }

  invited(participant: string, message: RoundMessage, now: number): void {
    const who = `${participant} was invited to round ${message.round}`;
    const known = this.#rounds.get(message.round);
    const round = known ?? { first: message, closesAt: new Map(), gone: new Set(), told: new Map() };
    this.#rounds.set(message.round, round);
    const { kind, modelRound } = round.first;
    this.#require(kind === message.kind && modelRound === message.modelRound, 'R2', `${who} as another round`);
    this.#require(message.deadlineMs <= this.task.cohort.deadlineMs, 'R4', `${who} with ${message.deadlineMs} ms`);
    this.#require(!round.gone.has(participant), 'R4', `${who} after it had given up`);
    const hasAccepted = this.#sentTo(message.round).some(
      (sent) => sent.participant === participant && sent.state === 'accepted',
    );
    this.#require(!hasAccepted, 'R4', `${who} after it had contributed`);
    round.closesAt.set(participant, now + message.deadlineMs);
    if (message.model === null) return;
    const model = decodeParameters(new Uint8Array(message.model), this.#parameters);
    const before = this.#models.get(modelRound);
    this.#require(before === undefined || isSameModel(before, model, this.task), 'R15', `${who} with another model`);
    this.#models.set(modelRound, before ?? model);
  }

  /** Something is sent, be it for a round that nobody has heard of yet: its invitations may be on the way. */
  sending(participant: string, round: number, bytes: Uint8Array): Sent {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const values = Int32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getInt32(4 * i, true));
    const weight = this.task.weights?.[this.#groups.get(participant)!] ?? 1;
    const sent: Sent = { participant, bytes, values, weight, state: 'unknown' };
    const all = this.#sent.get(round) ?? [];
    this.#sent.set(round, all);
    all.push(sent);
    return sent;
  }

  /** @param sentAt when it was sent: from the deadline on nothing counts, whenever it arrives */
  answered(
    sent: Sent,
    { round, reply, sentAt }: { round: number; reply: { code: string } | { duplicate: boolean }; sentAt: number },
  ): void {
    const what = `an update of ${sent.participant} for round ${round}`;
    const answer = 'code' in reply ? reply.code : reply.duplicate ? 'duplicate' : 'accepted';
    this.answers[answer] = (this.answers[answer] ?? 0) + 1;
    this.#require(answer !== 'INTERNAL', 'P4', `${what} was refused as INTERNAL`);
    const own = this.#rounds.get(round);
    if ('code' in reply) {
      sent.state = 'refused';
      return;
    }
    const others = this.#sentTo(round).filter((other) => other !== sent && other.participant === sent.participant);
    if (reply.duplicate) {
      const isKnown = others.some((other) => other.state !== 'refused' && isSame(other.bytes, sent.bytes));
      this.#require(isKnown, 'R3', `${what} was acknowledged as a repeat of nothing`);
      // One of them counts; which one does not matter.
      sent.state = 'refused';
      return;
    }
    sent.state = 'accepted';
    const closesAt = own?.closesAt.get(sent.participant);
    this.#require(closesAt !== undefined, 'R3', `${what} was accepted without an invitation`);
    this.#require(
      (closesAt ?? 0) > sentAt,
      'R8',
      `${what} was accepted ${Math.ceil(sentAt - (closesAt ?? 0))} ms after the deadline`,
    );
    this.#require(!own?.gone.has(sent.participant), 'R3', `${what} was accepted after it had given up`);
    const isSecond = others.some((other) => other.state === 'accepted');
    this.#require(!isSecond, 'R3', `${what} was accepted beside another one`);
  }

  /** The client declined, or left for good, and the coordinator knows. */
  gone(participant: string, round: number): void {
    this.#rounds.get(round)?.gone.add(participant);
  }

  told(participant: string, { round, outcome }: RoundEndedMessage): void {
    const own = this.#rounds.get(round);
    if (own === undefined) return this.#require(false, 'R13', `${participant} was told of round ${round}, uninvited`);
    const before = own.told.get(participant);
    this.#require(
      before === undefined,
      'R13',
      `${participant} was told that round ${round} is ${before}, then ${outcome}`,
    );
    own.told.set(participant, outcome);
  }

  /** Whether a client was told how a round ended. */
  hasEnded(participant: string, round: number): boolean {
    return this.#rounds.get(round)?.told.has(participant) === true;
  }

  /** Holds what is stored against what clients know, while no coordinator runs. */
  audit(stored: readonly RoundRecord[], latest: ModelRecord | null): void {
    if (latest !== null) {
      const known = this.#models.get(latest.modelRound);
      this.#require(
        known === undefined || isSameModel(known, latest.parameters, this.task),
        'R15',
        'another model is stored',
      );
      this.#models.set(latest.modelRound, latest.parameters);
    }
    const trained = stored.filter(({ kind, state }) => kind === 'train' && state === 'committed');
    this.#require((latest?.modelRound ?? 0) === trained.length, 'R15', `model ${latest?.modelRound} is stored`);
    stored.forEach((record, i) =>
      this.#require(record.round === i + 1, 'R2', `round ${record.round} is stored as ${i + 1}`),
    );
    for (const [number, { told }] of this.#rounds) {
      const record = stored.find(({ round }) => round === number);
      this.#require(record !== undefined, 'R2', `round ${number} was announced and is not stored`);
      for (const [participant, outcome] of told) {
        const isTrue = outcome === 'closed' || (outcome === 'committed') === (record?.state === 'committed');
        this.#require(isTrue, 'R13', `${participant} was told that round ${number} is ${outcome}: ${record?.state}`);
      }
    }
    for (const record of stored) if (record.state === 'committed') this.#auditCommitted(record);
  }

  #auditCommitted(record: RoundRecord): void {
    const { round, accepted, shape } = record;
    const what = `round ${round}`;
    const { quorum, size } = this.task.cohort;
    this.#require(accepted >= quorum && accepted <= size, 'R7', `${what} was committed with ${accepted} updates`);
    if (shape !== null) {
      const { invited, declined, left, lost, late } = shape;
      const isSum = shape.accepted + declined + left + lost + late === invited && invited === record.cohort;
      this.#require(isSum && shape.accepted === accepted, 'shape', `${what}: ${JSON.stringify(shape)}`);
    }
    // A histogram has no weight.
    const sent = this.#sentTo(round).map((one) => (record.kind === 'train' ? one : { ...one, weight: 1 }));
    const matches = matchingContributions(sent, accepted, (contributions) => this.#isResult(record, contributions));
    this.#require(matches !== false, 'R16', `${what} is not what ${accepted} accepted updates come to`);
  }

  /** Whether contributions give what is stored; `null` where no client has seen the model. */
  #isResult(record: RoundRecord, contributions: readonly Contribution[]): boolean | null {
    if (record.kind === 'evaluate') {
      const { sum } = exactSum(contributions, histogramCells(this.task));
      return record.histogram !== null && sum.every((value, i) => Number(value) === record.histogram![i]);
    }
    const before = this.#models.get(record.modelRound);
    const after = this.#models.get(record.modelRound + 1);
    if (before === undefined || after === undefined) return null;
    return isSameModel(after, expectedModel(before, contributions, this.task), this.task);
  }

  #sentTo(round: number): readonly Sent[] {
    return this.#sent.get(round) ?? [];
  }

  #require(holds: boolean, rule: string, message: string): void {
    this.#violations.require(holds, rule, message);
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
