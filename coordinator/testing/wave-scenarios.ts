import { type Arrival, attackedGroups } from './wave-attack.ts';

export const WAVES = 20;
/** In all waves together. */
export const PEOPLE = 60;

/** Uniform in [0, 1). */
export type Random = () => number;

/** Members of the company, where they work and who they are; all others have not come yet or have left. */
type Staff = { person: number; group: string }[];

export const pick = <T>(from: readonly T[], random: Random): T => from[Math.floor(random() * from.length)]!;
const shuffled = <T>(values: readonly T[], random: Random): T[] =>
  values
    .map((value) => ({ value, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ value }) => value);

/** Each wave after the first differs as `change` says. */
function waves(random: Random, change: (staff: Staff, hire: () => number) => Staff): Staff[] {
  let hired = PEOPLE - WAVES;
  const hire = () => (hired < PEOPLE ? hired++ : PEOPLE - 1);
  let staff: Staff = Array.from({ length: hired }, (_, person) => ({ person, group: pick(attackedGroups, random) }));
  return Array.from({ length: WAVES }, (_, wave) => {
    if (wave > 0) staff = change(staff, hire);
    return staff;
  });
}

const inTurn = (all: Staff[]): Arrival[] => all.flatMap((staff, wave) => staff.map((who) => ({ ...who, wave })));

/** What an attacker could wish for: one joiner, leaver or mover a wave, in an order that puts blocks side by side. */
export const waveScenarios: Record<string, (random: Random) => Arrival[]> = {
  'one person more or fewer, in the same order': (random) =>
    inTurn(
      waves(random, (staff, hire) => {
        const at = Math.floor(random() * staff.length);
        const joins = random() < 0.5 && staff.every(({ person }) => person !== PEOPLE - 1);
        const joiner = joins ? [{ person: hire(), group: pick(attackedGroups, random) }] : [];
        return [...staff.slice(0, at), ...joiner, ...staff.slice(joins ? at : at + 1)];
      }),
    ),
  'one person in another department, in the same order': (random) =>
    inTurn(
      waves(random, (staff) => {
        const mover = pick(staff, random);
        return staff.map((who) => (who === mover ? { ...who, group: pick(attackedGroups, random) } : who));
      }),
    ),
  'four in five of the same people, in any order': (random) => {
    const all = waves(random, (staff) => staff);
    return inTurn(all.map((staff) => shuffled(staff, random).filter(() => random() < 0.8)));
  },
  'a wave that begins while the one before still collects': (random) => {
    const all = waves(random, (staff, hire) => {
      const joins = random() < 0.5 && staff.every(({ person }) => person !== PEOPLE - 1);
      return joins ? [...staff, { person: hire(), group: pick(attackedGroups, random) }] : staff.slice(1);
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
  'departments that grow and shrink, one below the minimum, with late and withdrawn reports': (random) => {
    const [sales, legal, works] = attackedGroups as [string, string, string];
    const groupOf = (person: number) => (person < 30 ? sales : person < 50 ? legal : works);
    // The last of the three is two people in most waves, and up to ten in others.
    const share = (group: string) => (group !== works ? 0.9 : random() < 0.6 ? 0.2 : 0.9);
    const timed = Array.from({ length: WAVES }, (_, wave) => {
      const shares = new Map(attackedGroups.map((group) => [group, share(group)]));
      return Array.from({ length: PEOPLE }, (__, person) => person).flatMap((person) => {
        if (random() > shares.get(groupOf(person))!) return [];
        const group = random() < 0.03 ? pick(attackedGroups, random) : groupOf(person);
        // One in ten comes during the next three waves, be others of their group released by then or not.
        const late = random() < 0.1 ? 3 * random() : 0;
        const time = wave + late + random() / 4 + person / PEOPLE / 2;
        const report = { arrival: { wave, person, group } as Arrival, time };
        if (random() > 0.1) return [report];
        return [report, { arrival: { ...report.arrival, withdraws: true as const }, time: time + random() / 10 }];
      });
    }).flat();
    return inOrderOfWaves(timed);
  },
};

/** By time, and each wave begun once the one before was: a wave is published with its first report. */
function inOrderOfWaves(timed: { arrival: Arrival; time: number }[]): Arrival[] {
  const sorted = timed.toSorted((a, b) => a.time - b.time).map(({ arrival }) => arrival);
  const firsts = Array.from({ length: WAVES }, (_, wave) => sorted.findIndex((arrival) => arrival.wave === wave));
  if (firsts.every((first, wave) => wave === 0 || first > firsts[wave - 1]!)) return sorted;
  throw new Error('waves must begin one after the other');
}
