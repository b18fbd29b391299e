import { seededRandom } from '@chorale/privacy/testing';
import { BlockTally } from '../coordinator/src/surveys/block-tally.ts';
import { DifferenceGuard } from '../coordinator/src/surveys/difference-guard.ts';
import type { BenchOptions } from './options.ts';

const WAVES = 20;
const REPETITIONS = 200;
/** Who answers a wave, and who is replaced by somebody new before the next. */
const ANSWERING = 0.75;
const REPLACED = 0.04;

type Department = { people: number; minimum: number };

/**
 * What is left of twenty waves to the same department when numbers that tell few people apart are held back? By wave,
 * how often it showed numbers, and the share of its reports that were in them.
 */
export function benchWaves({ seed }: BenchOptions): void {
  const source = seededRandom(seed);
  const random = () => source.nextUint32() / 2 ** 32;
  console.log(`waves, ${REPETITIONS} departments each: share that shows numbers, share of reports in them`);
  for (const department of [
    { people: 50, minimum: 5 },
    { people: 50, minimum: 10 },
    { people: 150, minimum: 10 },
    { people: 500, minimum: 10 },
  ]) {
    const runs = Array.from({ length: REPETITIONS }, () => run(department, random));
    const average = (from: number, to: number): string => {
      const waves = runs.flatMap((wave) => wave.slice(from, to));
      const shown = waves.filter(({ published }) => published > 0).length / waves.length;
      const sum = (of: 'published' | 'came') => waves.reduce((total, wave) => total + wave[of], 0);
      return `${shown.toFixed(2)} ${(sum('published') / sum('came')).toFixed(2)}`;
    };
    const { people, minimum } = department;
    const parts = [`waves 1 to 5: ${average(0, 5)}`, `6 to 20: ${average(5, WAVES)}`];
    console.log(`${String(people).padStart(5)} people, minimum ${String(minimum).padStart(2)}   ${parts.join('   ')}`);
  }
  const started = performance.now();
  run({ people: 20_000, minimum: 10 }, random);
  const milliseconds = (performance.now() - started).toFixed(0);
  console.log(`20 waves to 20,000 people in one department: ${milliseconds} ms`);
}

function run({ people, minimum }: Department, random: () => number): { published: number; came: number }[] {
  const guard = new DifferenceGuard();
  let hired = people;
  let staff = Array.from({ length: people }, (_, person) => person);
  return Array.from({ length: WAVES }, (_, wave) => {
    const admit = (released: readonly string[]) => guard.admit({ wave: String(wave), people: released, minimum });
    const tally = new BlockTally({ outputs: 1, blockSize: minimum, admit });
    const came = staff
      .filter(() => random() < ANSWERING)
      .map((person) => ({ person, key: random() }))
      .toSorted((a, b) => a.key - b.key);
    for (const { person } of came) tally.add({ output: 0, participant: String(person), sequence: 0 });
    staff = staff.map((person) => (random() < REPLACED ? hired++ : person));
    return { published: tally.published.respondents, came: came.length };
  });
}
