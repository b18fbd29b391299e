import { ChoraleError, type Manifest } from '@chorale/protocol';
import type { Contribution, Intake, Release } from '../../rounds/intake.ts';
import { StudyTraining } from '../../rounds/study-training.ts';
import type { TrainingClient } from '../../rounds/seats.ts';
import { TrainingService } from '../../rounds/training-service.ts';
import type { ModelRecord, RoundRecord, Store } from '../../storage/store.ts';
import type { Mode } from '../study-draw.ts';
import type { RoundsService, Serve } from '../simulated-coordinator.ts';

type Options = Parameters<Serve>[0];

/** Services that break one promise each: a checker that misses one is none. */
export const brokenServices = {
  acceptsLate: { rule: 'R3', serve: withAnswers((code) => code === 'ROUND_CLOSED') },
  acceptsASecondUpdate: { rule: 'R3', serve: withAnswers((code) => code === 'UPDATE_DUPLICATE') },
  acceptsStrangers: { rule: 'R3', serve: withAnswers((code) => code === 'NOT_IN_COHORT') },
  acceptsAnyNorm: { rule: 'R3', serve: withAnswers((code) => code === 'UPDATE_OVER_NORM') },
  extendsTheDeadline: { rule: 'R6', serve: serveLonger },
  refusesWithoutAType: { rule: 'R3', serve: refuseUntyped },
  answersNothing: { rule: 'P4', serve: answerNothing },
  countsTwice: { rule: 'R16', serve: withIntake((intake) => new TwiceIntake(intake)) },
  losesAnUpdate: { rule: 'R16', serve: withIntake((intake) => new LossyIntake(intake)) },
  commitsBelowTheQuorum: { rule: 'R7', serve: lowerQuorum },
  invitesTooMany: { rule: 'R1', serve: inviteMore },
  reusesNumbers: { rule: 'R2', serve: withStore({ readRounds: forgetAbandoned }) },
  forgetsWhoTookPart: { rule: 'R25', serve: withStore({ readParticipations: () => async () => [] }) },
  chargesNobody: { rule: 'R25', serve: withStore({ endRound: forNothing }) },
  // Asynchronous training.
  takesUpdatesTooStale: { rule: 'R23', mode: 'asynchronous', serve: withTask(staler) },
  ignoresStaleness: { rule: 'R16', mode: 'asynchronous', serve: withTask(unweighted) },
  letsTooManyCompute: { rule: 'R21', mode: 'asynchronous', serve: inviteMore },
  forgetsWhatItTookIn: { rule: 'R3', mode: 'asynchronous', serve: withIntake((intake) => new ForgetfulIntake(intake)) },
  opensNothingWithTheEnd: { rule: 'R2', serve: withStore({ endRound: forgetNext }) },
  announcesEarly: { rule: 'R13', serve: withStore({ endRound: answerAtOnce }) },
  takesUpAnOldModel: { rule: 'R15', serve: withStore({ latestModel: changeModel }) },
  believesAFailedCommit: { rule: 'R13', serve: withStore({ readRounds: hideCommits }) },
  publishesAWrongShape: { rule: 'shape', serve: withStore({ endRound: changeShape }) },
  hasSlowTimers: {
    rule: 'R6',
    serve: (options) => production({ ...options, schedule: (run, ms) => options.schedule(run, 3 * ms + 2000) }),
  },
  hasNoTimers: { rule: 'R6', serve: (options) => production({ ...options, schedule: () => () => {} }) },
  keepsTheOldSeat: { rule: 'R4', serve: keepOldSeat },
  forgetsToSayClosed: { rule: 'R13', serve: withClients((event, message) => (isClosed(event, message) ? 0 : 1)) },
  announcesNothing: { rule: 'R13', serve: withClients((event) => (event === 'round-ended' ? 0 : 1)) },
  announcesTwice: { rule: 'R13', serve: withClients((event) => (event === 'round-ended' ? 2 : 1)) },
  neverSaysDone: { rule: 'R11', serve: withClients((event) => (event === 'training-done' ? 0 : 1)) },
} satisfies Record<string, Broken>;

/** A service that breaks a rule, in rounds of one cohort unless it says otherwise. */
export type Broken = { rule: string; mode?: Mode; serve: Serve };

function production(options: Options): RoundsService {
  return new TrainingService(options);
}

/** The production service with other methods in the place of some. */
function withMethods(options: Options, change: (service: RoundsService) => Partial<RoundsService>): RoundsService {
  const service = production(options);
  const changed = change(service);
  return {
    start: (study) => service.start(study),
    join: (seat) => service.join(seat),
    leave: (seat) => service.leave(seat),
    update: (message) => service.update(message),
    decline: (message) => service.decline(message),
    rounds: (study) => service.rounds(study),
    stop: () => service.stop(),
    ...changed,
  };
}

/** Acknowledges updates that were refused. */
function withAnswers(isWrong: (code: string) => boolean): Serve {
  return (options) =>
    withMethods(options, (service) => ({
      update: (message) =>
        service.update(message).catch((error: unknown) => {
          if (error instanceof ChoraleError && isWrong(error.code)) return { duplicate: false };
          throw error;
        }),
    }));
}

function refuseUntyped(options: Options): RoundsService {
  return withMethods(options, (service) => ({
    update: (message) =>
      service.update(message).catch(() => {
        throw new Error('no');
      }),
  }));
}

function answerNothing(options: Options): RoundsService {
  return withMethods(options, (service) => ({
    update: (message) => service.update(message).catch(() => new Promise<never>(() => {})),
  }));
}

type Study = { manifest: Manifest; hash: string };

type Task = NonNullable<Manifest['training']>;

/** Serves another task than was published. */
function withTask(change: (task: Task) => Task): Serve {
  return (options) =>
    withMethods(options, (service) => ({
      start: ({ manifest, hash }) =>
        service.start({
          hash,
          manifest: manifest.training === undefined ? manifest : { ...manifest, training: change(manifest.training) },
        }),
    }));
}

function staler(task: Task): Task {
  const { asynchronous } = task;
  return asynchronous === undefined
    ? task
    : { ...task, asynchronous: { ...asynchronous, maximumStaleness: asynchronous.maximumStaleness + 1 } };
}

function unweighted(task: Task): Task {
  const { asynchronous } = task;
  return asynchronous === undefined ? task : { ...task, asynchronous: { ...asynchronous, stalenessExponent: 0 } };
}

function withCohort(study: Study, change: (cohort: NonNullable<Manifest['training']>['cohort']) => object): Study {
  const { training } = study.manifest;
  if (training === undefined) return study;
  const cohort = { ...training.cohort, ...change(training.cohort) };
  return { ...study, manifest: { ...study.manifest, training: { ...training, cohort } } };
}

function lowerQuorum(options: Options): RoundsService {
  return withMethods(options, (service) => ({
    start: (study) => service.start(withCohort(study, ({ quorum }) => ({ quorum: Math.max(1, quorum - 1) }))),
  }));
}

function inviteMore(options: Options): RoundsService {
  return withMethods(options, (service) => ({
    start: (study) => service.start(withCohort(study, () => ({ overSelection: 3 }))),
  }));
}

/** Tells clients the right deadline, and counts by a later one. */
function serveLonger(options: Options): RoundsService {
  const extraMs = 4000;
  const clients = new Clients((client) => ({
    emit: (event, ...[message]) => {
      const told = 'deadlineMs' in message ? { ...message, deadlineMs: message.deadlineMs - extraMs } : message;
      return client.emit(event, ...([told] as never));
    },
  }));
  return withMethods(options, (service) => ({
    start: (study) => service.start(withCohort(study, ({ deadlineMs }) => ({ deadlineMs: deadlineMs + extraMs }))),
    ...clients.methods(service),
  }));
}

/** Says things several times, or not at all. */
function withClients(times: (event: string, message: object) => number): Serve {
  return (options) => {
    const clients = new Clients((client) => ({
      emit: (event, ...message) => {
        for (let i = times(event, message[0]); i > 0; i -= 1) client.emit(event, ...message);
      },
    }));
    return withMethods(options, (service) => clients.methods(service));
  };
}

function isClosed(event: string, message: object): boolean {
  return event === 'round-ended' && 'outcome' in message && message.outcome === 'closed';
}

/** Puts a connection of its own between the service and each client's. */
class Clients {
  readonly #wrap: (client: TrainingClient) => TrainingClient;
  readonly #wrapped = new WeakMap<TrainingClient, TrainingClient>();

  constructor(wrap: (client: TrainingClient) => TrainingClient) {
    this.#wrap = wrap;
  }

  methods(service: RoundsService): Partial<RoundsService> {
    return {
      join: (seat) => service.join({ ...seat, client: this.#of(seat.client) }),
      leave: (seat) => service.leave({ ...seat, client: this.#of(seat.client) }),
      decline: (message) => service.decline({ ...message, client: this.#of(message.client) }),
      update: (message) =>
        service.update({ ...message, client: message.client === null ? null : this.#of(message.client) }),
    };
  }

  #of(client: TrainingClient): TrainingClient {
    const wrapped = this.#wrapped.get(client) ?? this.#wrap(client);
    this.#wrapped.set(client, wrapped);
    return wrapped;
  }
}

/** The first connection of a participant keeps its seat until it is lost. */
function keepOldSeat(options: Options): RoundsService {
  return withMethods(options, (service) => {
    const seats = new Map<string, TrainingClient>();
    return {
      async join(seat) {
        const known = seats.get(seat.participant) ?? seat.client;
        seats.set(seat.participant, known);
        return service.join({ ...seat, client: known });
      },
      leave(seat) {
        if (seats.get(seat.participant) === seat.client) seats.delete(seat.participant);
        service.leave(seat);
      },
    };
  });
}

function withIntake(change: (intake: Intake) => Intake): Serve {
  return (options) =>
    new TrainingService({
      ...options,
      resume: (study, training) =>
        StudyTraining.resume(study, { ...training, openIntake: (round) => change(training.openIntake(round)) }),
    });
}

class PassingIntake implements Intake {
  protected readonly intake: Intake;

  constructor(intake: Intake) {
    this.intake = intake;
  }

  holds(participant: string, bytes: Uint8Array): boolean {
    return this.intake.holds(participant, bytes);
  }

  add(contribution: Contribution, accepted: () => void): Promise<{ duplicate: boolean }> {
    return this.intake.add(contribution, accepted);
  }

  release(options: { quorum: number }): Promise<Release> {
    return this.intake.release(options);
  }

  dispose(): void {
    this.intake.dispose();
  }
}

/** Does not know a repeat. */
class ForgetfulIntake extends PassingIntake {
  override holds(): boolean {
    return false;
  }
}

/** Adds the first contribution of a round twice. */
class TwiceIntake extends PassingIntake {
  #isFirst = true;

  override async add(contribution: Contribution, accepted: () => void): Promise<{ duplicate: boolean }> {
    if (this.#isFirst) {
      this.#isFirst = false;
      await this.intake.add({ ...contribution, participant: 'again' }, () => {});
    }
    return this.intake.add(contribution, accepted);
  }

  override async release(options: { quorum: number }): Promise<Release> {
    const release = await this.intake.release(options);
    const participants = new Set([...release.participants].filter((participant) => participant !== 'again'));
    return { ...release, participants, contributions: participants.size };
  }
}

/** Acknowledges the first contribution of a round, and adds nothing. */
class LossyIntake extends PassingIntake {
  #lost: string | null = null;

  override async add(contribution: Contribution, accepted: () => void): Promise<{ duplicate: boolean }> {
    if (this.#lost !== null) return super.add(contribution, accepted);
    this.#lost = contribution.participant;
    accepted();
    return { duplicate: false };
  }

  override async release({ quorum }: { quorum: number }): Promise<Release> {
    const release = await this.intake.release({ quorum: quorum - 1 });
    const participants = new Set(release.participants).add(this.#lost ?? '');
    return { ...release, participants, contributions: participants.size };
  }
}

type StoreMethod = 'readRounds' | 'endRound' | 'latestModel' | 'readParticipations';
type StoreChanges = { [Name in StoreMethod]?: (store: Store) => Store[Name] };

function withStore(changes: StoreChanges): Serve {
  return (options) => {
    const { store } = options;
    const changed = Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, change(store)]));
    const altered = new Proxy(store, {
      get: (target, name) => changed[String(name)] ?? Reflect.get(target, name),
    });
    return production({ ...options, store: altered });
  };
}

function forgetAbandoned(store: Store): Store['readRounds'] {
  return async (study) => (await store.readRounds(study)).filter(({ state }) => state === 'committed');
}

/** What a failed commit has become is never known: it counts as not done. */
function hideCommits(store: Store): Store['readRounds'] {
  let reads = 0;
  return async (study) => {
    const rounds = await store.readRounds(study);
    reads += 1;
    if (reads === 1) return rounds;
    return rounds.map((round, i): RoundRecord => (i === rounds.length - 1 ? { ...round, state: 'open' } : round));
  };
}

/** Says that it is done as soon as it is asked. */
function answerAtOnce(store: Store): Store['endRound'] {
  return async (...args) => {
    store.endRound(...args).catch(() => {});
  };
}

/** Counts no participation. */
function forNothing(store: Store): Store['endRound'] {
  return (round, model, by) => store.endRound(round, model, { owner: by?.owner, next: by?.next ?? null });
}

function forgetNext(store: Store): Store['endRound'] {
  return (round, model, by) => store.endRound(round, model, { owner: by?.owner, participants: by?.participants });
}

function changeShape(store: Store): Store['endRound'] {
  return (round, ...rest) => {
    const shape = round.shape === null ? null : { ...round.shape, lost: round.shape.lost + 1 };
    return store.endRound({ ...round, shape }, ...rest);
  };
}

function changeModel(store: Store): Store['latestModel'] {
  return async (study): Promise<ModelRecord | null> => {
    const model = await store.latestModel(study);
    return model === null ? null : { ...model, parameters: model.parameters.map((value) => value + 0.001) };
  };
}
