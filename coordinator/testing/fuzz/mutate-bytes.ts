import type { FuzzRandom } from './fuzz-random.ts';

/** Bytes with a few faults of transmission: flipped, cut, doubled, inserted, exchanged. */
export function mutateBytes(random: FuzzRandom, bytes: Buffer): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  for (let faults = 1 + random.below(3); faults > 0; faults -= 1) mutated = mutateOnce(random, mutated);
  return mutated;
}

/** A text with such faults; what is no UTF-8 any longer becomes replacement characters. */
export function mutateText(random: FuzzRandom, text: string): string {
  return mutateBytes(random, Buffer.from(text)).toString();
}

function mutateOnce(random: FuzzRandom, bytes: Buffer): Buffer {
  const start = random.below(bytes.length + 1);
  const end = start + random.below(Math.min(32, bytes.length - start + 1));
  const [before, part, after] = [bytes.subarray(0, start), bytes.subarray(start, end), bytes.subarray(end)];
  switch (random.below(6)) {
    case 0:
      return Buffer.concat([before, part.map((byte) => byte ^ (1 << random.below(8))), after]);
    case 1:
      return before;
    case 2:
      return Buffer.concat([before, part, part, after]);
    case 3:
      return Buffer.concat([before, random.bytes(1 + random.below(16)), part, after]);
    case 4:
      return Buffer.concat([before, after]);
    default:
      return Buffer.concat([after, part, before]);
  }
}
