import { type Manifest } from '@chorale/protocol';
import { willingness } from '../company.ts';
import { answerRandom } from './answer-random.ts';
import { type Employee, employees } from './employee.ts';

/** Chance that somebody leaves the company between two waves, and that somebody new takes the place. */
const leaves = 0.06;

/** Employees who can have held one place: more than a series has waves. */
const heirs = 1024;

/**
 * Who takes part in one wave of a series: of those who were there before most answer again, some have left and others
 * come in their place, and everybody misses a wave now and then. A name stands for one person in all waves; the same
 * seed gives the same people, who change their minds only as the company changes.
 * @param wave from 1
 */
export function participants(
  manifest: Manifest,
  { seed, crowd, places, wave }: { seed: number; crowd: string; places: number; wave: number },
): Employee[] {
  const employee = employees(manifest, { seed, crowd, wave });
  return Array.from({ length: places }, (_, place) => {
    const holder = answerRandom(seed, -1 - place);
    let leavers = 0;
    for (let earlier = 1; earlier < wave; earlier += 1) if (holder() < leaves) leavers += 1;
    const number = place * heirs + leavers;
    const person = employee(number);
    const mood = answerRandom(seed + wave, -1 - number);
    return mood() < willingness(person.group) ? person : null;
  }).filter((person) => person !== null);
}
