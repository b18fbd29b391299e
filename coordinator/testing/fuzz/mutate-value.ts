import type { FuzzRandom } from './fuzz-random.ts';

const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'toJSON', 'then', 'length', '', 'extra'];
const NUMBERS = [0, -0, -1, 1.5, 1e308, -1e308, 5e-324, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 63), 1e21];

/** A JSON value of a wrong type or size, or of a name that means something to the language. */
export function strangeValue(random: FuzzRandom): unknown {
  switch (random.below(10)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return random.pick(NUMBERS);
    case 3:
      return random.pick(KEYS);
    case 4:
      return random.pick(['x', '\u0000', '\uffff', '\ud800', '𝄞', '=', '"']).repeat(random.below(3000));
    case 5:
      return Array.from({ length: random.below(200) }, (_, i) => i);
    case 6:
      return random.chance(0.5) ? nested(1 + random.below(50)) : `deep:${random.below(30_000)}`;
    case 7:
      return withKey({}, random.pick(KEYS), { polluted: true });
    case 8:
      return { _placeholder: true, num: random.pick([0, 1, 7, -1, 0.5, 1e9, '0', '__proto__', null]) };
    default:
      return random.bytes(random.below(40)).toString('latin1');
  }
}

/** The value with one place changed: replaced, left out, doubled, or with a key that it should not have. */
export function mutateValue(random: FuzzRandom, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.15)) return strangeValue(random);
  if (Array.isArray(value)) return mutateList(random, value);
  const entries = Object.entries(value);
  if (entries.length === 0 || random.chance(0.15)) return withKey(value, random.pick(KEYS), strangeValue(random));
  const [key, inner] = random.pick(entries);
  if (random.chance(0.15)) return Object.fromEntries(entries.filter(([name]) => name !== key));
  return withKey(value, key, mutateValue(random, inner));
}

function mutateList(random: FuzzRandom, list: unknown[]): unknown[] {
  if (list.length === 0) return [strangeValue(random)];
  const index = random.below(list.length);
  const kind = random.below(4);
  if (kind === 0) return list.toSpliced(index, 1);
  if (kind === 1) return list.toSpliced(index, 0, list[index]);
  return list.with(index, mutateValue(random, list[index]));
}

/**
 * The value as JSON. `deep:N` stands for N lists, each in the next: more than a function that calls itself
 * could write.
 */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  return text.replaceAll(/"deep:(\d+)"/g, (_, depth: string) => '['.repeat(Number(depth)) + ']'.repeat(Number(depth)));
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = { a: value };
  return value;
}

/** Defined, so that even `__proto__` becomes a key that is sent. */
function withKey(value: object, key: string, inner: unknown): object {
  const descriptor = { value: inner, enumerable: true, configurable: true, writable: true };
  return Object.defineProperty({ ...value }, key, descriptor);
}
