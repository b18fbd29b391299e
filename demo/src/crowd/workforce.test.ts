import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseManifest } from '@chorale/protocol';
import { expect, test } from 'vitest';
import { participants } from './workforce.ts';

const path = join(import.meta.dirname, '../../studies/brightwater-1.json');
const manifest = parseManifest(JSON.parse(readFileSync(path, 'utf8')));
const places = 4000;
const wave = (number: number, seed = 3) => participants(manifest, { seed, crowd: 'crowd', places, wave: number });

const names = (people: Map<string, unknown>) => [...people.keys()];

test('the same seed gives the same people in every wave, another seed others', () => {
  expect(wave(2)).toEqual(wave(2));
  expect(wave(2)).not.toEqual(wave(2, 4));
});

test('from wave to wave most stay, some leave for good and others come in their place', () => {
  const everybody = [1, 2, 3, 4].map((number) => new Map(wave(number).map((person) => [person.name, person])));
  const [first, second, third, fourth] = everybody;
  const again = names(second!).filter((name) => first!.has(name)).length;
  // About 94% x 73% of those who took part do so again.
  expect(again / first!.size).toBeGreaterThan(0.6);
  expect(again / first!.size).toBeLessThan(0.78);
  const seen = new Set([first!, second!, third!].flatMap(names));
  expect(names(fourth!).filter((name) => !seen.has(name)).length).toBeGreaterThan(0.05 * places);
  // A department is for as long as somebody stays.
  for (const [name, { group }] of second!) if (first!.has(name)) expect(group).toBe(first!.get(name)!.group);
});

test('who stays gives most answers again, and changes those that the company gave reason to change', () => {
  const before = new Map(wave(2).map((person) => [person.name, person.answers]));
  const pairs = wave(3).flatMap(({ name, answers }) =>
    before.has(name) ? [[before.get(name)!, answers] as const] : [],
  );
  const changed = (question: string) =>
    pairs.filter(([earlier, later]) => earlier[question] !== later[question]).length / pairs.length;
  expect(changed('leaving')).toBe(0);
  expect(changed('feedback')).toBeGreaterThan(0.2);
  expect(changed('feedback')).toBeLessThan(0.7);
});
