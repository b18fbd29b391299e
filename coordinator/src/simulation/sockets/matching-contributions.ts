import type { Sent } from './socket-books.ts';

/** Choices of contributions that are tried at most. */
const MOST_CHOICES = 200_000;

/**
 * Whether the accepted updates, with some of those whose answer was lost, give a result: as many as are
 * stored, and at most one of each client.
 * @param isResult `null` where that cannot be known
 * @returns `null` where it cannot be known, or where there are too many choices
 */
export function matchingContributions(
  sent: readonly Sent[],
  count: number,
  isResult: (contributions: readonly Sent[]) => boolean | null,
): boolean | null {
  const certain = sent.filter(({ state }) => state === 'accepted');
  const settled = new Set(certain.map(({ participant }) => participant));
  const doubtful = sent.filter(({ state, participant }) => state === 'unknown' && !settled.has(participant));
  let tried = 0;
  let isUnknown = false;
  const search = (chosen: readonly Sent[], from: number): boolean => {
    if (chosen.length === count) {
      tried += 1;
      const result = isResult(chosen);
      isUnknown ||= result === null;
      return result === true;
    }
    for (const [i, next] of doubtful.entries()) {
      if (tried >= MOST_CHOICES) break;
      if (i < from) continue;
      if (chosen.some(({ participant }) => participant === next.participant)) continue;
      if (search([...chosen, next], i + 1)) return true;
    }
    return false;
  };
  if (certain.length > count) return false;
  if (search(certain, 0)) return true;
  return isUnknown || tried >= MOST_CHOICES ? null : false;
}
