/**
 * A repeatable stream of fractions in [0, 1), for what simulated employees think; their noise never
 * comes from here. sfc32 by Chris Doty-Humphrey; each employee has a stream of their own, so that the
 * order in which they answer changes nothing.
 */
export function answerRandom(seed: number, employee: number): () => number {
  let b = scatter(employee);
  let a = scatter(seed ^ b);
  let c = scatter(Math.floor(seed / 2 ** 32) ^ a);
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 16; i += 1) next();
  return () => next() / 2 ** 32;
}

/** Spreads a number over 32 bits (the finalizer of MurmurHash3): neighbours get streams that have nothing in common. */
function scatter(value: number): number {
  let bits = (value + 0x9e3779b9) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** Draws one of several things by their probabilities, which sum to 1. */
export function draw<T extends { probability: number }>(weighted: readonly T[], random: () => number): T {
  let rest = random();
  for (const item of weighted) {
    rest -= item.probability;
    if (rest < 0) return item;
  }
  return weighted.at(-1)!;
}
