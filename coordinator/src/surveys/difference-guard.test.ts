import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MembershipSpan } from '../../testing/membership-span.ts';
import { BlockTally } from './block-tally.ts';
import { DifferenceGuard } from './difference-guard.ts';

const people = (...ranges: [from: number, to: number][]): string[] =>
  ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => `p${from + i}`));

/** Releases in turn, each by a wave of its own unless it says which; tells of each whether it may be. */
function admitted(sets: readonly (readonly string[] | { wave: string; people: string[] })[], minimum = 5): boolean[] {
  const guard = new DifferenceGuard();
  return sets.map((set, index) => {
    const release = 'wave' in set ? set : { wave: String(index), people: set };
    return guard.admit({ ...release, minimum });
  });
}

describe('[E5] the difference guard', () => {
  it('counts joiners and leavers', () => {
    expect(admitted([people([1, 20]), people([1, 24])])).toEqual([true, false]);
    expect(admitted([people([1, 20]), people([1, 25])])).toEqual([true, true]);
    expect(admitted([people([1, 20]), people([5, 20])])).toEqual([true, false]);
    expect(admitted([people([1, 20]), people([6, 20])])).toEqual([true, true]);
    // Two who left and three who came are five whose letters are in the difference.
    expect(admitted([people([1, 20]), people([3, 23])])).toEqual([true, true]);
    expect(admitted([people([1, 20]), people([3, 22])])).toEqual([true, false]);
  });

  it('lets the very same people be counted again, in one part or several', () => {
    const twice = [
      { wave: 'a', people: people([1, 5]) },
      { wave: 'a', people: people([6, 10]) },
    ];
    expect(admitted([...twice, people([1, 5])])).toEqual([true, true, true]);
    expect(admitted([...twice, people([1, 10])])).toEqual([true, true, true]);
  });

  it('does not take an intersection of two releases for the same people', () => {
    // The last set is no sum of the others; the first less it would be about six people, but the second less it about
    // one: p14 alone.
    expect(admitted([people([1, 13]), people([8, 14]), people([8, 13])])).toEqual([true, true, false]);
  });

  it('sees a difference that only four numbers together tell', () => {
    // Any two of these sets are far apart. The second less the first is p6 to p10; the fourth less the third is the
    // same people with p11 in the place of p6.
    const waves = [
      { wave: 'a', people: people([1, 5]) },
      { wave: 'a', people: people([6, 10]) },
      { wave: 'b', people: people([20, 24]) },
      { wave: 'b', people: people([7, 11]) },
    ];
    expect(admitted(waves)).toEqual([true, true, true, false]);
  });

  it('waits for more people, who cure it', () => {
    const guard = new DifferenceGuard();
    const tally = (wave: string) =>
      new BlockTally({
        outputs: 2,
        blockSize: 5,
        admit: (released) => guard.admit({ wave, people: released, minimum: 5 }),
      });
    const first = tally('first');
    for (const person of people([1, 5])) first.add({ output: 1, participant: person, sequence: 0 });
    expect(first.published).toEqual({ respondents: 5, counts: [0, 5], heldBack: false });
    const second = tally('second');
    for (const person of people([2, 6])) second.add({ output: 1, participant: person, sequence: 0 });
    expect(second.published).toEqual({ respondents: 0, counts: [0, 0], heldBack: true });
    for (const person of people([7, 10]))
      expect(second.add({ output: 0, participant: person, sequence: 0 })).toBe(false);
    expect(second.add({ output: 0, participant: 'p11', sequence: 0 })).toBe(true);
    expect(second.published).toEqual({ respondents: 10, counts: [5, 5], heldBack: false });
  });

  it('lets a cell grow by as many as it shows at least, so that a wave is few numbers', () => {
    const tally = new BlockTally({ outputs: 1, blockSize: 3, admit: () => true });
    const sizes = people([1, 30]).map((person) => {
      tally.add({ output: 0, participant: person, sequence: 0 });
      return tally.published.respondents;
    });
    expect([...new Set(sizes)]).toEqual([0, 3, 6, 12, 24]);
  });

  it.each([3, 5])('leaves no combination of its numbers about fewer than %i people', (minimum) => {
    const everybody = 14;
    const wave = fc.shuffledSubarray(Array.from({ length: everybody }, (_, i) => i));
    fc.assert(
      fc.property(
        fc.array(wave, { minLength: 2, maxLength: 12 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999 })),
        (waves, random) => {
          const guard = new DifferenceGuard();
          const released = waves.flatMap((came, index) => {
            const sets: number[][] = [];
            const admit = (group: readonly string[]): boolean => {
              const isAdmitted = guard.admit({ wave: String(index), people: group, minimum });
              if (isAdmitted) sets.push(group.map(Number));
              return isAdmitted;
            };
            const tally = new BlockTally({ outputs: 1, blockSize: minimum, admit });
            for (const person of came) tally.add({ output: 0, participant: String(person), sequence: 0 });
            return sets;
          });
          if (released.length === 0) return;
          const vectors = released.map((set) =>
            Array.from({ length: everybody }, (_, one) => Number(set.includes(one))),
          );
          const next = (): number => random.next().value as number;
          expect(new MembershipSpan(vectors).sparsest({ tries: 10, random: next })).toBeGreaterThanOrEqual(minimum);
        },
      ),
      { numRuns: 150 },
    );
  });
});
