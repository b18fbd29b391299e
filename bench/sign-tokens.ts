import type { Invitations } from '../coordinator/src/surveys/invitations.ts';

/** Invitations of so many participants, as the coordinator signs them. */
export function signTokens(
  invitations: Invitations,
  { study, group, count }: { study: string; group: string; count: number },
): Promise<string[]> {
  const sign = (_: unknown, i: number) => invitations.sign({ study, sub: `participant-${i}`, group });
  return Promise.all(Array.from({ length: count }, sign));
}
