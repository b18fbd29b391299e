import type { Logger } from 'pino';
import type { TrainingService } from '../rounds/training-service.ts';
import type { Invitations } from '../surveys/invitations.ts';
import type { StudyRegistry } from '../surveys/study-registry.ts';
import type { ChoraleSocket } from './chorale-socket.ts';

type Options = { training: TrainingService; studies: StudyRegistry; invitations: Invitations; log: Logger };

/** Serves `join`, `leave`, `update` and `decline` on one socket. */
export function attachTrainingHandler(_socket: ChoraleSocket, _options: Options): void {
  throw new Error('skeleton');
}
