import { seededRandom } from '@chorale/privacy/testing';
import { describe, expect, it } from 'vitest';
import { MembershipSpan, support } from '../../testing/membership-span.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { type Arrival, attackWaves, type PublishedNumber } from '../../testing/wave-attack.ts';

const WAVES = 20;
const MINIMUM = 4;
const GROUPS = ['sales', 'legal', 'works'];
const PEOPLE = 60;

type Random = () => number;
type Scenario = (random: Random) => Arrival[];

/** Members of the company, where they work and who they are; all others have not come yet or have left. */
type Staff = { person: number; group: string }[];

const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random() * from.length)]!;
const shuffled = <T>(values: readonly T[], random: Random): T[] =>
  values
    .map((value) => ({ value, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ value }) => value);

/** Each wave after the first differs as `change` says. */
function waves(random: Random, change: (staff: Staff, hire: () => number) => Staff): Staff[] {
  let hired = PEOPLE - WAVES;
  const hire = () => (hired < PEOPLE ? hired++ : PEOPLE - 1);
  let staff: Staff = Array.from({ length: hired }, (_, person) => ({ person, group: pick(GROUPS, random) }));
  return Array.from({ length: WAVES }, (_, wave) => {
    if (wave > 0) staff = change(staff, hire);
    return staff;
  });
}

const inTurn = (all: Staff[]): Arrival[] => all.flatMap((staff, wave) => staff.map((who) => ({ ...who, wave })));

/** What an attacker could wish for: one joiner, leaver or mover a wave, in an order that puts blocks side by side. */
const scenarios: Record<string, Scenario> = {
  'one person more or fewer, in the same order': (random) =>
    inTurn(
      waves(random, (staff, hire) => {
        const at = Math.floor(random() * staff.length);
        const joins = random() < 0.5 && staff.every(({ person }) => person !== PEOPLE - 1);
        const joiner = joins ? [{ person: hire(), group: pick(GROUPS, random) }] : [];
        return [...staff.slice(0, at), ...joiner, ...staff.slice(joins ? at : at + 1)];
      }),
    ),
  'one person in another department, in the same order': (random) =>
    inTurn(
      waves(random, (staff) => {
        const mover = pick(staff, random);
        return staff.map((who) => (who === mover ? { ...who, group: pick(GROUPS, random) } : who));
      }),
    ),
  'four in five of the same people, in any order': (random) => {
    const all = waves(random, (staff) => staff);
    return inTurn(all.map((staff) => shuffled(staff, random).filter(() => random() < 0.8)));
  },
  'a wave that begins while the one before still collects': (random) => {
    const all = waves(random, (staff, hire) => {
      const joins = random() < 0.5 && staff.every(({ person }) => person !== PEOPLE - 1);
      return joins ? [...staff, { person: hire(), group: pick(GROUPS, random) }] : staff.slice(1);
    });
    // Arrivals of two waves in turn: half of each wave comes during the next.
    const timed = inTurn(all.map((staff) => shuffled(staff, random))).map((arrival, index) => ({
      arrival,
      time: arrival.wave + (index % PEOPLE) / PEOPLE + random(),
    }));
    const first = timed.findIndex(({ arrival }) => arrival.wave === 0);
    return timed
      .toSorted((a, b) => a.time - b.time)
      .map(({ arrival }) => arrival)
      .slice(first);
  },
};

/** Everything that somebody with all numbers tries, and the fewest people that any of it is about. */
function fewestPeople(numbers: readonly PublishedNumber[], random: Random): Record<string, number> {
  const vectors = numbers.map(({ people }) => people);
  const span = new MembershipSpan(vectors);
  const combined = (terms: readonly (readonly [number, Uint8Array])[]): number => {
    const people = Array.from(vectors[0]!, (_, person) =>
      terms.reduce((sum, [weight, vector]) => sum + weight * vector[person]!, 0),
    );
    return support(people) || Infinity;
  };
  const differences = vectors.flatMap((one, index) => vectors.slice(index + 1).map((other) => [one, other] as const));
  const several = Array.from({ length: 20_000 }, () =>
    combined(Array.from({ length: 4 }, () => [pick([-2, -1, 0, 1, 2], random), pick(vectors, random)] as const)),
  );
  return {
    single: Math.min(...vectors.map((vector) => support(vector))),
    differenceOfTwo: Math.min(
      ...differences.map(([one, other]) =>
        combined([
          [1, one],
          [-1, other],
        ]),
      ),
    ),
    combinationOfFour: Math.min(...several),
    anyCombination: span.sparsest({ tries: 15, random }),
    // People whose letter is told outright count as a group of one.
    isolated: span.isolated > 0 ? 1 : Infinity,
  };
}

async function attack(name: string, { seed, series }: { seed: number; series: string | null }) {
  const source = seededRandom(seed);
  const random = () => source.nextUint32() / 2 ** 32;
  const arrivals = scenarios[name]!(random);
  const letters = Array.from({ length: PEOPLE }, () => Math.floor(3 * random()));
  const numbers = await attackWaves(arrivals, {
    folder: temporaryFolder(),
    series,
    minimumGroupSize: MINIMUM,
    letters,
  });
  for (const { people, counts } of numbers) {
    // The numbers are of exactly these people: what is worked out about whom is true.
    const expected = [0, 0, 0];
    people.forEach((weight, person) => (expected[letters[person]!]! += weight));
    expect(counts).toEqual(expected);
  }
  return { numbers, fewest: Math.min(...Object.values(fewestPeople(numbers, random))) };
}

describe.each(Object.keys(scenarios))('20 waves, %s', (name) => {
  it.each([1, 2, 3])('[E5] isolate nobody from whoever has all numbers (seed %i)', async (seed) => {
    const { numbers, fewest } = await attack(name, { seed, series: 'pulse' });
    expect(numbers.length).toBeGreaterThan(WAVES);
    expect(fewest).toBeGreaterThanOrEqual(MINIMUM);
  });

  it('[E5] tell of fewer than the minimum where they are no series: the same attack succeeds', async () => {
    const { fewest } = await attack(name, { seed: 1, series: null });
    expect(fewest).toBeLessThan(MINIMUM);
  });
});
