import { ChoraleError, DeclineMessage, JoinMessage, LeaveMessage, UpdateMessage } from '@chorale/protocol';
import * as v from 'valibot';
import type { Admission } from '../operations/admission.ts';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Invitations } from '../surveys/invitations.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import type { ChoraleSocket } from './chorale-socket.ts';
import { parseMessage } from './parse-message.ts';

type Options = { training: TrainingService; studies: StudyRegistry; invitations: Invitations; admission: Admission };

type Joined = Awaited<ReturnType<TrainingService['join']>>;

/**
 * The seats of one socket: `join`, `leave`, `update` and `decline`. A socket speaks for at most one
 * participant of a study: the one whose token it joined with last. [R14]
 */
export class TrainingSeats {
  readonly #socket: ChoraleSocket;
  readonly #options: Options;
  /** By study; made with the first seat, since most sockets of a survey never have one. */
  #participants: Map<string, string> | null = null;
  /** A join waits for the store: joins and leaves of one socket are done in the order they came in. */
  #queue: Promise<unknown> | null = null;

  constructor(socket: ChoraleSocket, options: Options) {
    this.#socket = socket;
    this.#options = options;
  }

  async join(data: unknown): Promise<Joined> {
    // Before it waits for its turn: what is no message is not kept.
    const message = parseMessage(JoinMessage, data);
    this.#options.admission.require();
    return this.#inOrder(() => this.#join(message));
  }

  async leave(data: unknown): Promise<object> {
    const message = v.safeParse(LeaveMessage, data);
    if (message.success) await this.#inOrder(() => this.#leave(message.output.study, true));
    return {};
  }

  /** @throws ChoraleError at once for what is no update, or comes without a seat */
  update(data: unknown): Promise<{ duplicate: boolean }> {
    const { study, round, update } = parseMessage(UpdateMessage, data);
    return this.#options.training.update({ ...this.#seat(study), round, update });
  }

  async decline(data: unknown): Promise<object> {
    const { study, round, code } = parseMessage(DeclineMessage, data);
    await this.#options.training.decline({ ...this.#seat(study), round, code });
    return {};
  }

  /** The connection is lost: seats are kept for whoever comes back in time. */
  disconnected(): void {
    for (const study of this.#participants?.keys() ?? []) this.#leave(study, false);
  }

  async #join(message: JoinMessage): Promise<Joined> {
    const { training, studies, invitations } = this.#options;
    const claims = await invitations.verify(message.token);
    const { manifest, hash } = await studies.get(claims.study);
    if (message.manifest !== hash)
      throw new ChoraleError('MANIFEST_MISMATCH', 'join: made for another version of the study');
    if (manifest.training === undefined) throw new ChoraleError('TRAINING_ABSENT', 'the study has no training');
    if (!manifest.groups.values.some((g) => g.id === claims.group)) {
      throw new ChoraleError('TOKEN_INVALID', 'the invitation names a group that the study does not have');
    }
    // A start that failed, here or where the study was published, is made good by whoever comes first.
    await training.start({ manifest, hash });
    // Its disconnect has been handled: a seat taken now would never be given up.
    if (!this.#socket.connected) throw new ChoraleError('CONNECTION_LOST', 'the connection was lost');
    if (this.#participants?.get(claims.study) !== claims.sub) this.#leave(claims.study, false);
    // The study's own text of its id: the token's would be kept once for every client.
    const study = manifest.id;
    const seat = { study, participant: claims.sub, client: this.#socket };
    // Noted first, so that a disconnect meanwhile gives the seat up.
    (this.#participants ??= new Map()).set(study, seat.participant);
    try {
      const joined = await training.join({ ...seat, group: claims.group });
      if (!this.#socket.connected) training.leave({ ...seat, forGood: false });
      return joined;
    } catch (error) {
      if (this.#participants.get(study) === seat.participant) this.#participants.delete(study);
      throw error;
    }
  }

  #leave(study: string, forGood: boolean): void {
    const participant = this.#participants?.get(study);
    if (participant === undefined) return;
    this.#participants?.delete(study);
    this.#options.training.leave({ study, participant, client: this.#socket, forGood });
  }

  #seat(study: string): { study: string; participant: string; client: ChoraleSocket } {
    const participant = this.#participants?.get(study);
    if (participant === undefined) throw new ChoraleError('NOT_IN_COHORT', 'join the study first');
    return { study, participant, client: this.#socket };
  }

  async #inOrder<T>(job: () => T | Promise<T>): Promise<T> {
    const before = this.#queue;
    const done = before === null ? Promise.resolve().then(job) : before.then(job);
    const settled: Promise<void> = done.then(
      () => this.#forget(settled),
      () => this.#forget(settled),
    );
    this.#queue = settled;
    return done;
  }

  /** An idle socket keeps nothing of what it did. */
  #forget(settled: Promise<unknown>): void {
    if (this.#queue === settled) this.#queue = null;
  }
}
