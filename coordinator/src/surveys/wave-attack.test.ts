import { seededRandom } from '@chorale/privacy/testing';
import { describe, expect, it } from 'vitest';
import { MembershipSpan, support } from '../../testing/membership-span.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import {
  type Arrival,
  attackedGroups,
  attackedQuestions,
  attackWaves,
  type Letters,
} from '../../testing/wave-attack.ts';
import type { Known } from '../../testing/wave-knowledge.ts';
import { PEOPLE, pick, type Random, WAVES, waveScenarios } from '../../testing/wave-scenarios.ts';

const MINIMUM = 4;
/** A minute and more where other work fills the machine. */
const timeout = 120_000;

/** Everything that somebody tries who knows a statistic of these sets of people, and the fewest that any of it is about. */
function fewestPeople(vectors: readonly Uint8Array[], random: Random): number {
  const span = new MembershipSpan(vectors);
  const combined = (terms: readonly (readonly [number, Uint8Array])[]): number => {
    const people = new Int8Array(vectors[0]!.length);
    for (const [weight, vector] of terms) vector.forEach((one, person) => (people[person]! += weight * one));
    return support(people) || Infinity;
  };
  const differences = vectors.flatMap((one, index) => vectors.slice(index + 1).map((other) => [one, other] as const));
  const several = Array.from({ length: 20_000 }, () =>
    combined(Array.from({ length: 4 }, () => [pick([-2, -1, 0, 1, 2], random), pick(vectors, random)] as const)),
  );
  return Math.min(
    ...vectors.map((vector) => support(vector)),
    ...differences.map(([one, other]) =>
      combined([
        [1, one],
        [-1, other],
      ]),
    ),
    ...several,
    span.sparsest({ tries: 15, random }),
    // People whose letter is told outright count as a group of one.
    span.isolated > 0 ? 1 : Infinity,
  );
}

/** Sets of people, each once. */
function peopleOf(numbers: readonly { people: Uint8Array }[]): Uint8Array[] {
  return [...new Map(numbers.map(({ people }) => [people.join(''), people])).values()];
}

/**
 * The fewest people that anything is about: what is known of one question, from its own numbers and those of pairs that it
 * is in, whose sums over the other question are numbers of it; and what is known of pairs, from files of drivers alone.
 */
function attack({ questions, pairs }: Known, random: Random): { all: number; drivers: number } {
  const byQuestion = [...questions].map(([question, numbers]) => {
    const told = pairs.filter(({ counts }) => counts.some(({ first, second }) => [first, second].includes(question)));
    return fewestPeople(peopleOf([...numbers, ...told]), random);
  });
  const drivers = pairs.length === 0 ? Infinity : fewestPeople(peopleOf(pairs), random);
  return { all: Math.min(drivers, ...byQuestion), drivers };
}

/** The numbers are of exactly these people: what is worked out about whom is true. */
function expectTrue({ questions, pairs }: Known, letters: readonly Letters[]): void {
  const membersOf = (people: Uint8Array) => letters.filter((_, person) => people[person] === 1);
  for (const [question, numbers] of questions) {
    for (const { people, counts } of numbers) {
      const expected = counts.map((_, letter) => membersOf(people).filter((one) => one[question] === letter).length);
      expect(counts).toEqual(expected);
    }
  }
  for (const { people, counts } of pairs) {
    for (const { first, second, counts: cells } of counts) {
      const together = Map.groupBy(membersOf(people), (one) => `${one[first]} ${one[second]}`);
      const expected = [...together].map(([both, { length }]) => [both, length]);
      expect(Object.fromEntries(cells.map(([one, other, times]) => [`${one} ${other}`, times]))).toEqual(
        Object.fromEntries(expected),
      );
    }
  }
}

async function runAttack(
  arrivals: readonly Arrival[],
  { random, ...options }: { random: Random; people: number; series: string | null; minimumGroupSize: number },
) {
  const letters = Array.from({ length: options.people }, (): Letters => {
    return Object.fromEntries(attackedQuestions.map((question) => [question, Math.floor(3 * random())]));
  });
  const known = await attackWaves(arrivals, { ...options, folder: temporaryFolder(), letters });
  expectTrue(known, letters);
  return { known, fewest: attack(known, random) };
}

function randomOf(seed: number): Random {
  const source = seededRandom(seed);
  return () => source.nextUint32() / 2 ** 32;
}

describe.each(Object.keys(waveScenarios))('20 waves, %s', { timeout }, (name) => {
  const run = async (seed: number, series: string | null) => {
    const random = randomOf(seed);
    const arrivals = waveScenarios[name]!(random);
    return runAttack(arrivals, { random, people: PEOPLE, series, minimumGroupSize: MINIMUM });
  };

  it.each([1, 2, 3])('[E5, E10] isolate nobody from whoever has all files (seed %i)', async (seed) => {
    const { known, fewest } = await run(seed, 'pulse');
    for (const numbers of known.questions.values()) expect(numbers.length).toBeGreaterThan(WAVES / 2);
    expect(known.pairs.length).toBeGreaterThan(0);
    expect(fewest.all).toBeGreaterThanOrEqual(MINIMUM);
  });

  it('[E5, E10] tell of fewer than the minimum where they are no series: the same attack succeeds, by drivers alone too', async () => {
    const { fewest } = await run(1, null);
    expect(fewest.all).toBeLessThan(MINIMUM);
    expect(fewest.drivers).toBeLessThan(MINIMUM);
  });
});

describe('20 waves of a hundred people and more, one of whom is away in each', { timeout }, () => {
  const minimumGroupSize = 10;
  const people = 135;

  /** Everybody else comes in the same order, so that each block that is full has its like in another wave. */
  const run = async (series: string | null) => {
    const random = randomOf(1);
    const arrivals = Array.from({ length: WAVES }, (_, wave) => {
      const away = Math.floor(people * random());
      return Array.from({ length: people }, (__, person) => {
        return { wave, person, group: attackedGroups[person % attackedGroups.length]! };
      }).filter(({ person }) => person !== away);
    });
    const { known, fewest } = await runAttack(arrivals.flat(), { random, people, series, minimumGroupSize });
    const shown = peopleOf(known.pairs.filter(({ isShown }) => isShown));
    expect(shown.length).toBeGreaterThan(0);
    return { fewest, shown: fewestPeople(shown, random) };
  };

  it('[E5, E10] tell correlations of no few of them', async () => {
    const { fewest } = await run('pulse');
    expect(fewest.all).toBeGreaterThanOrEqual(minimumGroupSize);
  });

  it('[E5, E10] tell of fewer where they are no series, by correlations that are shown alone', async () => {
    const { shown } = await run(null);
    expect(shown).toBeLessThan(minimumGroupSize);
  });
});
