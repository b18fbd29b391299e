import { ChoraleError, type TrainingRounds, type WireError } from '@chorale/protocol';
import * as v from 'valibot';
import type { Intake, OpenIntake } from '../rounds/intake.ts';
import type { Seat, TrainingClient } from '../rounds/seats.ts';
import type {
  Joined,
  SentDecline,
  SentUpdate,
  StudyOptions,
  StudyRounds,
  TrainedStudy,
} from '../rounds/study-rounds.ts';
import { StudyTraining } from '../rounds/study-training.ts';
import { progressOf } from '../rounds/cadence.ts';
import { summarizeTraining } from '../rounds/round-summaries.ts';
import { SpentBudget } from '../rounds/spent-budget.ts';
import type { Claims } from './claims.ts';
import { requireClusterable } from './clusterable.ts';
import { ClusterIntake } from './cluster-intake.ts';
import { type ControlMessage, toRefusal } from './control-message.ts';
import { OwnerIntake } from './owner-intake.ts';
import { PeerContributions } from './peer-contributions.ts';
import { RemoteTeller } from './remote-client.ts';
import { RemoteSeats, type ToOwner } from './remote-seats.ts';
import { Requests, unavailable } from './requests.ts';
import { ToldClients } from './told-clients.ts';

/** What a study's rounds need of the cluster. */
export type StudyLink = {
  node: number;
  claims: Claims;
  /** Whether this node has become the owner of the study's rounds, or is. */
  tryOwn(slot: number): Promise<boolean>;
  send(node: number | 'all', message: ControlMessage): void;
  isAlive(node: number): boolean;
};

const Joining = v.object({
  committedRounds: v.number(),
  done: v.boolean(),
  comeBackMs: v.optional(v.number()),
  usedUp: v.optional(v.literal(true)),
});
const Admitted = v.object({ kind: v.picklist(['train', 'evaluate']), round: v.number(), weight: v.number() });
const Attendance = v.object({
  state: v.picklist(['training', 'waiting', 'exhausted', 'done']),
  waiting: v.number(),
  usedUp: v.number(),
  clippingNorm: v.number(),
  accepted: v.number(),
  invited: v.number(),
});

/**
 * The rounds of one study on one of several nodes. One node owns them and runs `StudyTraining`; the others
 * hold the connections of their clients, take their contributions in, and pass on the rest. When the
 * owner is gone another node takes over, as after a restart. [R19]
 */
export class ClusteredStudy implements StudyRounds {
  readonly #study: TrainedStudy;
  readonly #options: StudyOptions;
  readonly #link: StudyLink;
  readonly #slot: number;
  readonly #budget: SpentBudget;
  readonly #requests = new Requests();
  readonly #contributions: PeerContributions;
  readonly #told: ToldClients;
  readonly #remote: RemoteSeats;
  /** Clients that are connected here. */
  readonly #seats = new Map<string, { client: TrainingClient; group: string }>();
  #owner: number | null;
  /** The rounds, while this node owns them. */
  #training: StudyTraining | null = null;
  #ownerIntake: OwnerIntake | null = null;
  #takeover: Promise<void> | null = null;
  #isStopped = false;

  private constructor(
    study: TrainedStudy,
    options: StudyOptions,
    { link, slot, owner }: { link: StudyLink; slot: number; owner: number | null },
  ) {
    const { store, log, now } = options;
    const { claims, node } = link;
    this.#study = study;
    this.#options = options;
    this.#link = link;
    this.#slot = slot;
    this.#budget = new SpentBudget(study.manifest.training);
    this.#owner = owner !== null && owner !== node && link.isAlive(owner) ? owner : null;
    this.#contributions = new PeerContributions({ study, claims, node, now });
    this.#told = new ToldClients({ study, store, log, clientOf: (name) => this.#seats.get(name)?.client });
    this.#remote = new RemoteSeats(new RemoteTeller(study.manifest.id, (to, message) => link.send(to, message)));
  }

  /**
   * Takes part in a study's rounds, as their owner if nobody is.
   * @throws ChoraleError `MANIFEST_INVALID` for a rule of aggregation that needs all updates in one place
   */
  static async resume(study: TrainedStudy, options: StudyOptions, link: StudyLink): Promise<ClusteredStudy> {
    requireClusterable(study.manifest);
    const clustered = new ClusteredStudy(study, options, {
      link,
      ...(await link.claims.ownership(study.manifest.id)),
    });
    await clustered.watch();
    return clustered;
  }

  /** To be called every second or so: looks whether nodes are gone, and takes over from an owner that is. */
  async watch(): Promise<void> {
    const isGone = (node: number): boolean => !this.#link.isAlive(node);
    this.#requests.giveUp(isGone);
    if (this.#training !== null) {
      this.#remote.dropNodes(isGone, this.#training);
      await this.#ownerIntake?.dropLostNodes();
      return;
    }
    if (this.#owner !== null && !isGone(this.#owner)) return;
    this.#owner = null;
    this.#takeover ??= this.#takeOver().finally(() => (this.#takeover = null));
    await this.#takeover;
  }

  async join({ participant, group, client }: Seat & { group: string }): Promise<Joined> {
    if (this.#training !== null) {
      this.#seats.set(participant, { client, group });
      return this.#training.join({ participant, group, client });
    }
    const known = this.#seats.get(participant);
    this.#seats.set(participant, { client, group });
    try {
      if (known?.client === client) {
        const { done, committedRounds } = v.parse(Joining, await this.#askOwner({ type: 'attendance' }));
        return { done, committedRounds };
      }
      const joined = v.parse(Joining, await this.#askOwner({ type: 'join', participant, group }));
      const { comeBackMs, usedUp, ...reply } = joined;
      if (comeBackMs === undefined && usedUp === undefined) return reply;
      this.#giveUpSeat(participant, client);
      return usedUp === undefined ? { ...reply, comeBackMs: comeBackMs! } : { ...reply, usedUp };
    } catch (error) {
      this.#giveUpSeat(participant, client);
      throw error;
    }
  }

  leave({ participant, client, forGood }: Seat & { forGood: boolean }): void {
    if (!this.#giveUpSeat(participant, client)) return;
    if (this.#training !== null) this.#training.leave({ participant, client, forGood });
    else this.#tellOwner({ type: 'leave', study: this.#id, participant, forGood });
  }

  async update(sent: SentUpdate): Promise<{ duplicate: boolean }> {
    if (this.#training !== null) return this.#training.update(sent);
    const { participant, client, round, update: bytes } = sent;
    if (client !== null) this.#requireSeat(participant, client);
    if (this.#contributions.holds({ participant, round, bytes })) return { duplicate: true };
    const admitted = v.parse(Admitted, await this.#askOwner({ type: 'admit', participant, round }));
    return this.#contributions.add({ participant, round, bytes }, admitted, () =>
      this.#tellOwner({ type: 'accepted', study: this.#id, participant, round: admitted.round }),
    );
  }

  async decline({ participant, client, round, code }: SentDecline): Promise<void> {
    if (this.#training !== null) return this.#training.decline({ participant, client, round, code });
    this.#requireSeat(participant, client);
    await this.#askOwner({ type: 'decline', participant, round, code });
  }

  async model(modelRound: number): Promise<Uint8Array | null> {
    if (this.#training !== null) return this.#training.model(modelRound);
    const present = await this.#told.presentModel(modelRound);
    return present.modelRound === modelRound ? present.bytes : null;
  }

  async rounds(): Promise<TrainingRounds> {
    if (this.#training !== null) return this.#training.rounds();
    const attendance = v.parse(Attendance, await this.#askOwner({ type: 'attendance' }));
    const records = await this.#options.store.readRounds(this.#id);
    return summarizeTraining(this.#study, records, { ...attendance, budget: this.#budget });
  }

  finish(): void {
    this.#training?.finish();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    // Whoever watches is told why a takeover failed.
    await this.#takeover?.catch(() => undefined);
    await this.#training?.stop();
    await this.#told.settled();
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    await this.#takeover?.catch(() => undefined);
    // The clients of other nodes hear it from those: each node closes the study.
    const committedRounds = this.#training?.attendance().committedRounds ?? (await this.#committedRounds());
    for (const { client } of this.#seats.values()) client.emit('training-done', { study: this.#id, committedRounds });
    await this.stop();
  }

  async #committedRounds(): Promise<number> {
    return progressOf(await this.#options.store.readRounds(this.#id)).committedRounds;
  }

  /** Takes what another node, or this one, said about the study. */
  receive(from: number, message: ControlMessage): void {
    switch (message.type) {
      case 'join':
      case 'admit':
      case 'decline':
      case 'attendance':
        void this.#answer(from, message);
        return;
      case 'leave':
        if (this.#training !== null) this.#remote.leave(from, message, this.#training);
        return;
      case 'accepted': {
        const { round, participant } = message;
        this.#training?.noteElsewhere({ type: 'update-accepted', round, participant });
        return;
      }
      case 'partial':
        this.#ownerIntake?.partialArrived(from, message.round);
        return;
      case 'contribute':
        void this.#contribute(from, message.round);
        return;
      case 'tell':
        this.#told.tell(message);
        return;
      case 'owner':
        this.#follow(from);
        return;
      case 'reply':
      case 'refusal':
      case 'published':
      case 'closed':
        return;
    }
  }

  answered(message: Extract<ControlMessage, { type: 'reply' | 'refusal' }>): void {
    if (message.type === 'reply') this.#requests.answer(message.id, message.value);
    // Undefined properties do not survive the way here.
    else this.#requests.refuse(message.id, message.error as WireError);
  }

  get #id(): string {
    return this.#study.manifest.id;
  }

  async #takeOver(): Promise<void> {
    if (this.#isStopped) return;
    if (!(await this.#link.tryOwn(this.#slot))) return this.#findOwner();
    await this.#link.claims.setOwner(this.#id);
    const training = await StudyTraining.resume(this.#study, {
      ...this.#options,
      owner: this.#link.node,
      openIntake: this.#openIntake,
    });
    this.#training = training;
    this.#owner = this.#link.node;
    this.#link.send('all', { type: 'owner', study: this.#id });
    for (const [participant, { client, group }] of this.#seats) {
      const { comeBackMs, usedUp } = await training.join({ participant, group, client });
      if (comeBackMs !== undefined || usedUp !== undefined) this.#sendAway(participant, client);
    }
  }

  /** Whoever has no seat with the owner must not wait here: a lost connection makes a client join again. */
  #sendAway(participant: string, client: TrainingClient): void {
    if (this.#giveUpSeat(participant, client)) client.disconnect?.(true);
  }

  /** Follows an owner that said who it is before this node listened. */
  async #findOwner(): Promise<void> {
    const { owner } = await this.#link.claims.ownership(this.#id);
    if (owner === null || owner === this.#link.node || !this.#link.isAlive(owner)) return;
    try {
      // While it is still taking over it refuses, and will say so to all afterwards.
      await this.#ask(owner, { type: 'attendance' });
    } catch {
      return;
    }
    this.#follow(owner);
  }

  /** Another node owns the rounds: the clients here join them anew. */
  #follow(owner: number): void {
    if (owner === this.#link.node || owner === this.#owner) return;
    this.#owner = owner;
    for (const [participant, seat] of this.#seats) {
      this.#askOwner({ type: 'join', participant, group: seat.group })
        .then((reply) => {
          const { comeBackMs, usedUp } = v.parse(Joining, reply);
          if (comeBackMs !== undefined || usedUp !== undefined) throw unavailable();
        })
        .catch(() => this.#sendAway(participant, seat.client));
    }
  }

  async #answer(from: number, message: ToOwner): Promise<void> {
    const { id } = message;
    try {
      if (this.#training === null) throw unavailable();
      const value = await this.#remote.serve(from, message, this.#training);
      this.#link.send(from, { type: 'reply', id, study: this.#id, value });
    } catch (error) {
      this.#link.send(from, { type: 'refusal', id, study: this.#id, error: toRefusal(error) });
    }
  }

  async #contribute(owner: number, round: number): Promise<void> {
    try {
      if (!(await this.#contributions.give(round))) return;
      this.#link.send(owner, { type: 'partial', study: this.#id, round });
    } catch (error) {
      const { log } = this.#options;
      log.error({ study: this.#id, round, err: error }, 'a part of a round could not be given in');
    }
  }

  readonly #openIntake: OpenIntake = ({ number: round, kind }): Intake => {
    const { claims, node } = this.#link;
    const key = { study: this.#id, round };
    this.#ownerIntake = new OwnerIntake({
      key,
      own: new ClusterIntake({ claims, node, task: this.#study.manifest.training, kind, ...key }),
      link: this.#link,
      lost: (participants) => this.#training?.noteElsewhere({ type: 'updates-lost', round, participants }),
    });
    return this.#ownerIntake;
  };

  #requireSeat(participant: string, client: TrainingClient): void {
    if (this.#seats.get(participant)?.client !== client) {
      throw new ChoraleError('NOT_IN_COHORT', 'join first: this connection does not speak for the client');
    }
  }

  #giveUpSeat(participant: string, client: TrainingClient): boolean {
    return this.#seats.get(participant)?.client === client && this.#seats.delete(participant);
  }

  #askOwner(request: Question): Promise<unknown> {
    return this.#owner === null ? Promise.reject(unavailable()) : this.#ask(this.#owner, request);
  }

  #ask(owner: number, request: Question): Promise<unknown> {
    return this.#requests.ask(owner, (id) => this.#link.send(owner, { ...request, id, study: this.#id }));
  }

  #tellOwner(message: ControlMessage): void {
    if (this.#owner !== null) this.#link.send(this.#owner, message);
  }
}

type Without<Message> = Message extends unknown ? Omit<Message, 'id' | 'study'> : never;
type Question = Without<ToOwner>;
