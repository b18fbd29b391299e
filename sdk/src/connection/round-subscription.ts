import {
  ChoraleError,
  RoundEndedMessage,
  RoundMessage,
  type ServerToClientEvents,
  TrainingDoneMessage,
} from '@chorale/protocol';
import * as v from 'valibot';
import { LONGEST_TIMER_MS } from '../abortable.ts';
import type { ChoraleSocket } from './coordinator-connection.ts';

/** What a training client hears of its coordinator. */
export type RoundListeners = {
  /** Connected, for the first time or again: seats of before are gone. */
  connected: () => void;
  disconnected: (error: ChoraleError) => void;
  round: (message: RoundMessage) => void;
  roundEnded: (message: RoundEndedMessage) => void;
  trainingDone: (message: TrainingDoneMessage) => void;
  /** The coordinator sent something that is no message of this protocol; it was dropped. */
  malformed: (error: ChoraleError) => void;
};

/** Connects unless that is under way: asking twice would open a second session on one connection. */
export function connectOnce(socket: ChoraleSocket): void {
  if (!socket.active) socket.connect();
}

/** Keeps a socket connected and passes on what arrives, parsed, until the returned function is called. */
export function subscribeRounds(
  socket: ChoraleSocket,
  listeners: RoundListeners,
  { waitMs }: { waitMs: () => number },
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const disconnected = (cause: unknown): void => {
    listeners.disconnected(
      new ChoraleError('CONNECTION_LOST', 'the connection to the coordinator was lost', { cause }),
    );
    // The client comes back by itself unless the other end closed the connection on purpose.
    if (socket.active) return;
    clearTimeout(timer);
    timer = setTimeout(() => connectOnce(socket), Math.min(waitMs(), LONGEST_TIMER_MS));
  };
  const parsed =
    <S extends v.GenericSchema>(schema: S, listener: (message: v.InferOutput<S>) => void) =>
    (data: unknown): void => {
      const result = v.safeParse(schema, data);
      if (result.success) listener(result.output);
      else listeners.malformed(new ChoraleError('MESSAGE_MALFORMED', `message: ${result.issues[0].message}`));
    };
  const messages: ServerToClientEvents = {
    round: parsed(RoundMessage, listeners.round),
    'round-ended': parsed(RoundEndedMessage, listeners.roundEnded),
    'training-done': parsed(TrainingDoneMessage, listeners.trainingDone),
  };

  socket.on('connect', listeners.connected);
  socket.on('connect_error', disconnected);
  socket.on('disconnect', disconnected);
  socket.on('round', messages.round);
  socket.on('round-ended', messages['round-ended']);
  socket.on('training-done', messages['training-done']);
  if (socket.connected) listeners.connected();
  else connectOnce(socket);

  return () => {
    clearTimeout(timer);
    socket.off('connect', listeners.connected);
    socket.off('connect_error', disconnected);
    socket.off('disconnect', disconnected);
    socket.off('round', messages.round);
    socket.off('round-ended', messages['round-ended']);
    socket.off('training-done', messages['training-done']);
  };
}
