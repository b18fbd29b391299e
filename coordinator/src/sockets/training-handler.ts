import { ChoraleError, DeclineMessage, JoinMessage, LeaveMessage, UpdateMessage } from '@chorale/protocol';
import type { Logger } from 'pino';
import * as v from 'valibot';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Invitations } from '../surveys/invitations.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import type { ChoraleSocket } from './chorale-socket.ts';
import { parseMessage } from './parse-message.ts';
import { answer } from './reply.ts';

type Options = { training: TrainingService; studies: StudyRegistry; invitations: Invitations; log: Logger };

/**
 * Serves `join`, `leave`, `update` and `decline` on one socket. A socket speaks for at most one
 * participant of a study: the one whose token it joined with last. [R14]
 */
export function attachTrainingHandler(socket: ChoraleSocket, { training, studies, invitations, log }: Options): void {
  const participants = new Map<string, string>();
  // Checking a token takes a while: joins and leaves of one socket are done in the order they came in.
  let queue: Promise<unknown> = Promise.resolve();
  const inOrder = <T>(job: () => T | Promise<T>): Promise<T> => {
    const done = queue.then(job);
    queue = done.catch(() => undefined);
    return done;
  };

  const leave = (study: string, forGood: boolean): void => {
    const participant = participants.get(study);
    if (participant === undefined) return;
    participants.delete(study);
    training.leave({ study, participant, client: socket, forGood });
  };

  const join = async (data: unknown): Promise<{ committedRounds: number; done: boolean }> => {
    const message = parseMessage(JoinMessage, data);
    const claims = await invitations.verify(message.token);
    const { manifest, hash } = await studies.get(claims.study);
    if (message.manifest !== hash)
      throw new ChoraleError('MANIFEST_MISMATCH', 'join: made for another version of the study');
    if (manifest.training === undefined) throw new ChoraleError('TRAINING_ABSENT', 'the study has no training');
    if (!manifest.groups.values.some((g) => g.id === claims.group)) {
      throw new ChoraleError('TOKEN_INVALID', 'the invitation names a group that the study does not have');
    }
    // Its disconnect has been handled: a seat taken now would never be given up.
    if (!socket.connected) throw new ChoraleError('CONNECTION_LOST', 'the connection was lost');
    if (participants.get(claims.study) !== claims.sub) leave(claims.study, false);
    const joined = training.join({ study: claims.study, participant: claims.sub, group: claims.group, client: socket });
    participants.set(claims.study, claims.sub);
    return joined;
  };

  const participantOf = (study: string): string => {
    const participant = participants.get(study);
    if (participant === undefined) throw new ChoraleError('NOT_IN_COHORT', 'join the study first');
    return participant;
  };

  socket.on('join', (data: unknown, reply: unknown) => void answer(reply, () => inOrder(() => join(data)), { log }));

  socket.on('leave', (data: unknown) => {
    const message = v.safeParse(LeaveMessage, data);
    if (message.success) void inOrder(() => leave(message.output.study, true));
  });

  socket.on('update', (data: unknown, reply: unknown) => {
    const receive = (): { duplicate: boolean } => {
      const { study, round, update } = parseMessage(UpdateMessage, data);
      return training.update({ study, participant: participantOf(study), client: socket, round, update });
    };
    void answer(reply, receive, { log });
  });

  socket.on('decline', (data: unknown, reply: unknown) => {
    const receive = (): object => {
      const { study, round, code } = parseMessage(DeclineMessage, data);
      training.decline({ study, participant: participantOf(study), client: socket, round, code });
      return {};
    };
    void answer(reply, receive, { log });
  });

  socket.on('disconnect', () => {
    for (const study of participants.keys()) leave(study, false);
  });
}
