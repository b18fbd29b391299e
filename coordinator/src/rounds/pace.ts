import { invitationLimit, type TrainingTask } from '@chorale/protocol';

/** Cohorts that may wait connected: the next one, and others for whoever drops out of it. */
const WAITING_COHORTS = 4;

/** Connections are cheap: so many may wait at least, however small a round is. */
const FEWEST_SEATS = 100;

/** Shortest and longest time after which a client is asked to come back. */
const COME_BACK_MS = { shortest: 10_000, longest: 3_600_000 } as const;

/** Clients of one study that may hold a connection and wait; more are asked to come back later. */
export function seats(task: TrainingTask): number {
  return Math.max(FEWEST_SEATS, WAITING_COHORTS * invitationLimit(task));
}

/**
 * When a client that finds all seats taken should come back: pace steering (Bonawitz et al. 2019, section
 * 2.3). Those who were sent away are numbered, and as many as a round invites get the same time, a round
 * after those before them. So a large population is spread over as many rounds as it takes, and the few of
 * one round meet again.
 * @param ahead clients that wait or were sent away before this one
 * @param roundMs what a round takes
 */
export function comeBackMs(task: TrainingTask, { ahead, roundMs }: { ahead: number; roundMs: number }): number {
  const rounds = Math.floor(ahead / invitationLimit(task));
  return Math.min(COME_BACK_MS.longest, Math.max(COME_BACK_MS.shortest, Math.ceil(rounds * roundMs)));
}
