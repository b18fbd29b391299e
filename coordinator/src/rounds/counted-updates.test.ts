import { expect, it } from 'vitest';
import { CountedUpdates } from './counted-updates.ts';

const forMs = 30_000;
const update = Uint8Array.of(1);
const intake = (): { holds(participant: string, bytes: Uint8Array): boolean } => ({
  holds: (_participant, bytes) => bytes[0] === update[0],
});

it('[R22] an update is known while its buffer is open, and as long as its client had to make it', () => {
  const counted = new CountedUpdates();
  const [first, second] = [intake(), intake()];
  counted.note({ participant: 'a', round: 1, intake: first }, { now: 0, forMs });
  counted.note({ participant: 'b', round: 3, intake: first }, { now: 2 * forMs, forMs });
  expect(counted.holds({ participant: 'a', round: 1 }, update)).toBe(true);
  counted.note({ participant: 'c', round: 4, intake: second }, { now: 2 * forMs + 1, forMs });
  expect(counted.holds({ participant: 'a', round: 1 }, update)).toBe(false);
  expect(counted.holds({ participant: 'b', round: 3 }, update)).toBe(true);
});

it('[R3] [R22] another update for the same invitation is refused, one for another is not known', () => {
  const counted = new CountedUpdates();
  counted.note({ participant: 'a', round: 2, intake: intake() }, { now: 0, forMs });
  expect(() => counted.holds({ participant: 'a', round: 2 }, Uint8Array.of(9))).toThrow('accepted in this round');
  expect(counted.holds({ participant: 'a', round: 1 }, update)).toBe(false);
});
