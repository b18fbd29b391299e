import { ChoraleError } from '@chorale/protocol';
import type { Release } from '../rounds/intake.ts';
import type { Partial } from './claims.ts';

/**
 * The parts of a round's sum, put together: exact integers, so neither their order nor how clients were
 * spread over the nodes shows.
 * @param held who holds a claim, by node: a part may hold only what its node claimed
 * @throws ChoraleError `INTERNAL` below the quorum, or when the sum could no longer be sure to be exact
 */
export function mergePartials(
  parts: readonly Partial[],
  { held, quorum }: { held: ReadonlyMap<number, ReadonlySet<string>>; quorum: number },
): Release {
  const participants = new Set<string>();
  let sum: Float64Array | null = null;
  let totalWeight = 0;
  let sensitivity = 0;
  for (const part of parts) {
    const claims = held.get(part.node);
    const isItsOwn = part.participants.every(
      (participant) => claims?.has(participant) && !participants.has(participant),
    );
    if (!isItsOwn) throw new ChoraleError('INTERNAL', `node ${part.node} gave in what it did not claim`);
    if (sum !== null && part.sum.length !== sum.length) {
      throw new ChoraleError('INTERNAL', `node ${part.node} gave in a sum of another length`);
    }
    part.participants.forEach((participant) => participants.add(participant));
    totalWeight += part.totalWeight;
    sensitivity = Math.max(sensitivity, part.sensitivity);
    sum = sum === null ? part.sum : add(sum, part.sum);
  }
  if (sum === null || participants.size < Math.max(1, quorum)) {
    throw new ChoraleError('INTERNAL', `quorum of ${quorum} not reached: ${participants.size} contributions`);
  }
  return { sum, totalWeight, sensitivity, contributions: participants.size, participants };
}

function add(sum: Float64Array, part: Float64Array): Float64Array {
  for (let i = 0; i < sum.length; i += 1) {
    const value = sum[i]! + part[i]!;
    if (!Number.isSafeInteger(value)) throw new ChoraleError('INTERNAL', 'the sum of this round would not be exact');
    sum[i] = value;
  }
  return sum;
}
