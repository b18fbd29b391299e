import { ChoraleError, encodeParameters, limits, type TrainingRounds, type WireError } from '@chorale/protocol';
import * as v from 'valibot';
import { closedOrLater } from '../rounds/contributions.ts';
import { CountedUpdates } from '../rounds/counted-updates.ts';
import type { Intake, OpenIntake } from '../rounds/intake.ts';
import { initialParameters } from '../rounds/model.ts';
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
import { summarizeTraining } from '../rounds/round-summaries.ts';
import { SpentBudget } from '../rounds/spent-budget.ts';
import type { Claims } from './claims.ts';
import { ClusterIntake } from './cluster-intake.ts';
import { type ControlMessage, toRefusal } from './control-message.ts';
import { OwnerIntake } from './owner-intake.ts';
import { RemoteTeller } from './remote-client.ts';
import { Requests, unavailable } from './requests.ts';

/** What a study's rounds need of the cluster. */
export type StudyLink = {
  node: number;
  claims: Claims;
  /** Whether this node has become the owner of the study's rounds, or is. */
  tryOwn(slot: number): Promise<boolean>;
  send(node: number | 'all', message: ControlMessage): void;
  isAlive(node: number): boolean;
};

const Joining = v.object({ committedRounds: v.number(), done: v.boolean(), comeBackMs: v.optional(v.number()) });
const Admitted = v.object({ kind: v.picklist(['train', 'evaluate']), round: v.number(), weight: v.number() });
const Attendance = v.object({ waiting: v.number(), accepted: v.number(), invited: v.number() });

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
  readonly #teller: RemoteTeller;
  /** Clients that are connected here. */
  readonly #seats = new Map<string, { client: TrainingClient; group: string }>();
  /** Clients that are connected to other nodes, as this node knows them while it is the owner. */
  readonly #remote = new Map<number, Map<string, TrainingClient>>();
  #owner: number | null;
  #training: StudyTraining | null = null;
  #intake: { round: number; intake: ClusterIntake } | null = null;
  /** What this node took in of asynchronous training, as long as it is not the owner. */
  readonly #counted = new CountedUpdates();
  #ownerIntake: OwnerIntake | null = null;
  #model: { modelRound: number; bytes: Uint8Array<ArrayBuffer> } | null = null;
  /** What clients here are told, in order: an invitation waits for its model. */
  #telling: Promise<void> = Promise.resolve();
  #takeover: Promise<void> | null = null;
  #isStopped = false;

  private constructor(
    study: TrainedStudy,
    options: StudyOptions,
    { link, slot, owner }: { link: StudyLink; slot: number; owner: number | null },
  ) {
    this.#study = study;
    this.#options = options;
    this.#link = link;
    this.#slot = slot;
    this.#budget = new SpentBudget(study.manifest.training);
    this.#owner = owner !== null && owner !== link.node && link.isAlive(owner) ? owner : null;
    this.#teller = new RemoteTeller(study.manifest.id, (node, message) => link.send(node, message));
  }

  /**
   * Takes part in a study's rounds, as their owner if nobody is.
   * @throws ChoraleError `MANIFEST_INVALID` for a rule of aggregation that needs all updates in one place
   */
  static async resume(study: TrainedStudy, options: StudyOptions, link: StudyLink): Promise<ClusteredStudy> {
    const { rule } = study.manifest.training.aggregation ?? { rule: 'mean' };
    if (rule === 'coordinate-median' || rule === 'trimmed-mean') {
      throw new ChoraleError('MANIFEST_INVALID', `study ${study.manifest.id}: ${rule} needs a coordinator of one node`);
    }
    const clustered = new ClusteredStudy(study, options, {
      link,
      ...(await link.claims.ownership(study.manifest.id)),
    });
    await clustered.watch();
    return clustered;
  }

  /** To be called every second or so: looks whether nodes are gone, and takes over from an owner that is. */
  async watch(): Promise<void> {
    this.#requests.giveUp((node) => !this.#link.isAlive(node));
    if (this.#training !== null) {
      await this.#dropLostNodes();
      return;
    }
    if (this.#owner !== null && this.#link.isAlive(this.#owner)) return;
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
      const { comeBackMs, ...reply } = joined;
      if (comeBackMs === undefined) return reply;
      this.#giveUpSeat(participant, client);
      return { ...reply, comeBackMs };
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
    const task = this.#study.manifest.training;
    if (task.asynchronous !== undefined && this.#counted.holds(sent, bytes)) return { duplicate: true };
    if (this.#intake?.round === round && this.#intake.intake.holds(participant, bytes)) return { duplicate: true };
    const admitted = v.parse(Admitted, await this.#askOwner({ type: 'admit', participant, round }));
    const { kind, weight } = admitted;
    const intake = this.#intakeOf(admitted.round, kind);
    try {
      return await intake.add({ participant, bytes, weight }, () => {
        const forMs = task.cohort.deadlineMs;
        this.#counted.note({ participant, round, intake }, { now: this.#options.now(), forMs });
        this.#tellOwner({ type: 'accepted', study: this.#id, participant, round: admitted.round });
      });
    } catch (error) {
      throw closedOrLater(task, kind, error);
    }
  }

  async decline({ participant, client, round, code }: SentDecline): Promise<void> {
    if (this.#training !== null) return this.#training.decline({ participant, client, round, code });
    this.#requireSeat(participant, client);
    await this.#askOwner({ type: 'decline', participant, round, code });
  }

  async model(modelRound: number): Promise<Uint8Array | null> {
    if (this.#training !== null) return this.#training.model(modelRound);
    const present = await this.#presentModel(modelRound);
    return present.modelRound === modelRound ? present.bytes : null;
  }

  async rounds(): Promise<TrainingRounds> {
    if (this.#training !== null) return this.#training.rounds();
    const attendance = v.parse(Attendance, await this.#askOwner({ type: 'attendance' }));
    const records = await this.#options.store.readRounds(this.#id);
    return summarizeTraining(this.#study, records, { ...attendance, budget: this.#budget });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#takeover;
    await this.#training?.stop();
    await this.#telling;
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
      case 'leave': {
        const client = this.#remote.get(from)?.get(message.participant);
        if (client === undefined) return;
        this.#remote.get(from)?.delete(message.participant);
        this.#training?.leave({ participant: message.participant, client, forGood: message.forGood });
        return;
      }
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
        this.#telling = this.#telling.then(() => this.#tell(message));
        return;
      case 'owner':
        this.#follow(from);
        return;
      case 'reply':
      case 'refusal':
      case 'published':
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
    if (this.#isStopped || !(await this.#link.tryOwn(this.#slot))) return;
    await this.#link.claims.setOwner(this.#id);
    const training = await StudyTraining.resume(this.#study, {
      ...this.#options,
      owner: this.#link.node,
      openIntake: this.#openIntake,
    });
    this.#training = training;
    this.#owner = this.#link.node;
    this.#link.send('all', { type: 'owner', study: this.#id });
    for (const [participant, { client, group }] of this.#seats) await training.join({ participant, group, client });
  }

  /** Another node owns the rounds: the clients here join them anew. */
  #follow(owner: number): void {
    if (owner === this.#link.node) return;
    this.#owner = owner;
    for (const [participant, seat] of this.#seats) {
      this.#askOwner({ type: 'join', participant, group: seat.group })
        .then((reply) => {
          if (v.parse(Joining, reply).comeBackMs !== undefined) throw unavailable();
        })
        // Whoever has no seat there must not wait here: a lost connection makes a client join again.
        .catch(() => {
          if (this.#giveUpSeat(participant, seat.client)) seat.client.disconnect?.(true);
        });
    }
  }

  async #dropLostNodes(): Promise<void> {
    for (const [node, clients] of this.#remote) {
      if (this.#link.isAlive(node)) continue;
      this.#remote.delete(node);
      for (const [participant, client] of clients) this.#training?.leave({ participant, client, forGood: false });
    }
    await this.#ownerIntake?.dropLostNodes();
  }

  async #answer(
    from: number,
    message: Extract<ControlMessage, { type: 'join' | 'admit' | 'decline' | 'attendance' }>,
  ): Promise<void> {
    const { id } = message;
    try {
      if (this.#training === null) throw unavailable();
      this.#link.send(from, {
        type: 'reply',
        id,
        study: this.#id,
        value: await this.#serve(from, message, this.#training),
      });
    } catch (error) {
      this.#link.send(from, { type: 'refusal', id, study: this.#id, error: toRefusal(error) });
    }
  }

  async #serve(
    from: number,
    message: Extract<ControlMessage, { type: 'join' | 'admit' | 'decline' | 'attendance' }>,
    training: StudyTraining,
  ): Promise<unknown> {
    switch (message.type) {
      case 'join': {
        const { participant, group } = message;
        const client = this.#teller.client(from, participant);
        const joined = await training.join({ participant, group, client });
        if (joined.comeBackMs === undefined) this.#remoteSeats(from).set(participant, client);
        return joined;
      }
      case 'admit':
        return training.admit(message);
      case 'decline': {
        const { participant, round, code } = message;
        const client = this.#remote.get(from)?.get(participant);
        if (client === undefined) throw new ChoraleError('NOT_IN_COHORT', 'join first');
        await training.decline({ participant, client, round, code });
        return {};
      }
      case 'attendance':
        return training.attendance();
    }
  }

  #remoteSeats(node: number): Map<string, TrainingClient> {
    const seats = this.#remote.get(node) ?? new Map<string, TrainingClient>();
    this.#remote.set(node, seats);
    return seats;
  }

  async #contribute(owner: number, round: number): Promise<void> {
    const { log } = this.#options;
    try {
      if (this.#intake?.round !== round) return;
      const part = await this.#intake.intake.seal();
      if (part !== null) await this.#link.claims.putPartial({ study: this.#id, round }, part);
      this.#link.send(owner, { type: 'partial', study: this.#id, round });
    } catch (error) {
      log.error({ study: this.#id, round, err: error }, 'a part of a round could not be given in');
    }
  }

  async #tell({ participants, event, message }: Extract<ControlMessage, { type: 'tell' }>): Promise<void> {
    const told = event === 'round' ? await this.#withModel(message) : message;
    if (told === null) return;
    // Made by the owner, which is this program: the shape is that of the event.
    for (const participant of participants) this.#seats.get(participant)?.client.emit(event, told as never);
  }

  async #withModel(message: Record<string, unknown>): Promise<object | null> {
    try {
      const { modelRound, bytes } = await this.#presentModel(Number(message['modelRound']));
      // Another model is there already: the round is over, unless updates count from one model to the next.
      const isAny = this.#study.manifest.training.asynchronous !== undefined && message['kind'] === 'train';
      if (modelRound !== message['modelRound'] && !isAny) return null;
      return { ...message, modelRound, model: bytes.length <= limits.bulkBytes ? bytes : null };
    } catch (error) {
      this.#options.log.error({ study: this.#id, err: error }, 'the model of a round could not be read');
      return null;
    }
  }

  /** The model that is in the store; it is not read anew where that one is known already. */
  async #presentModel(modelRound: number): Promise<{ modelRound: number; bytes: Uint8Array<ArrayBuffer> }> {
    if (this.#model?.modelRound === modelRound) return this.#model;
    const latest = await this.#options.store.latestModel(this.#id);
    const { manifest, hash } = this.#study;
    const parameters = latest?.parameters ?? initialParameters(manifest.training, hash);
    this.#model = { modelRound: latest?.modelRound ?? 0, bytes: encodeParameters(parameters) };
    return this.#model;
  }

  readonly #openIntake: OpenIntake = ({ number, kind }): Intake => {
    this.#ownerIntake = new OwnerIntake({
      key: { study: this.#id, round: number },
      own: this.#newIntake(number, kind),
      link: this.#link,
      lost: (participants) => this.#training?.noteElsewhere({ type: 'updates-lost', round: number, participants }),
    });
    return this.#ownerIntake;
  };

  #intakeOf(round: number, kind: 'train' | 'evaluate'): ClusterIntake {
    if (this.#intake?.round === round) return this.#intake.intake;
    // An admitted round is the present one: of an earlier one nothing is wanted any more.
    this.#intake?.intake.dispose();
    this.#intake = { round, intake: this.#newIntake(round, kind) };
    return this.#intake.intake;
  }

  #newIntake(round: number, kind: 'train' | 'evaluate'): ClusterIntake {
    const { claims, node } = this.#link;
    return new ClusterIntake({ claims, node, task: this.#study.manifest.training, kind, study: this.#id, round });
  }

  #requireSeat(participant: string, client: TrainingClient): void {
    if (this.#seats.get(participant)?.client !== client) {
      throw new ChoraleError('NOT_IN_COHORT', 'join first: this connection does not speak for the client');
    }
  }

  #giveUpSeat(participant: string, client: TrainingClient): boolean {
    return this.#seats.get(participant)?.client === client && this.#seats.delete(participant);
  }

  #askOwner(request: Question): Promise<unknown> {
    const owner = this.#owner;
    if (owner === null) return Promise.reject(unavailable());
    return this.#requests.ask(owner, (id) => this.#link.send(owner, { ...request, id, study: this.#id }));
  }

  #tellOwner(message: ControlMessage): void {
    if (this.#owner !== null) this.#link.send(this.#owner, message);
  }
}

type Without<Message> = Message extends unknown ? Omit<Message, 'id' | 'study'> : never;
type Question = Without<Extract<ControlMessage, { type: 'join' | 'admit' | 'decline' | 'attendance' }>>;
