import { afterEach, describe, expect, it, vi } from 'vitest';
import { fitPValue } from '../../testing/chi-square.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import { SecureRandomUnavailableError, type RandomSource } from '../sampling/random.ts';
import { longitudinalRandomizedResponse } from './longitudinal-randomized-response.ts';
import { memoizationKey, memoizedLetters, memoizedRandom } from './memoization.ts';
import { numericMean } from './numeric-mean.ts';
import { randomizedResponse } from './randomized-response.ts';
import { subsetSelection } from './subset-selection.ts';

afterEach(() => vi.unstubAllGlobals());

const knownKey = async (bytes = Uint8Array.from({ length: 32 }, (_, index) => index)): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveBits']);
const take = (random: RandomSource, words: number) => Array.from({ length: words }, () => random.nextUint32());
const draw = async (key: CryptoKey) => take(await memoizedRandom(key, { ...labels, value: '1' }), 8);
const labels = { version: '1', question: 'How are you?' };

describe('memoizedRandom', () => {
  it('is HKDF-SHA-256 with the labels as JSON for its info, as computed elsewhere', async () => {
    // RFC 5869 by Python's hmac and json modules: key 00 01 .. 1f, no salt, no spaces, UTF-8, words big-endian.
    const random = await memoizedRandom(await knownKey(), {
      version: '1',
      question: 'Wie geht es Ihnen?',
      value: 'äöü😀',
    });
    expect(take(random, 16)).toEqual([
      0xb0d4e07f, 0xa33d4431, 0xa9ad4716, 0x5db0f29d, 0x362fc4c1, 0x1878b171, 0xed4df9e4, 0x3ba4bd9f, 0x70f06799,
      0xa66440df, 0x64360863, 0x74c807f2, 0x504622c3, 0x3c06e2c2, 0x59b0cf36, 0x8132f702,
    ]);
  });

  it('is the same for the same key and labels, and another for any other label', async () => {
    const key = await knownKey();
    const seen = new Map<string, string>();
    const broken = '\ud800';
    const lists = [
      ['1', 'a', 'bc'],
      ['1', 'ab', 'c'],
      ['1a', '', 'bc'],
      ['', '1a', 'bc'],
      ['1', 'abc', ''],
      ['1', 'a', 'bc\0'],
      ['1', 'a', 'b\0c'],
      // UTF-8 would write both of these as the replacement character.
      ['1', 'a', broken],
      ['1', 'a', '\udc00'],
      ['1', 'a', '\ufffd'],
      ['1', 'A', 'bc'],
      // What looks like the start of the next label.
      ['1', 'a","bc', ''],
    ];
    for (const [version, question, value] of lists as [string, string, string][]) {
      const again = async () => take(await memoizedRandom(key, { version, question, value }), 8).join(' ');
      const words = await again();
      expect(await again()).toBe(words);
      expect(seen.get(words), JSON.stringify([version, question, value])).toBeUndefined();
      seen.set(words, question);
    }
    const other = await knownKey(new Uint8Array(32));
    expect(seen.has(take(await memoizedRandom(other, { version: '1', question: 'a', value: 'bc' }), 8).join(' '))).toBe(
      false,
    );
  });

  it('throws where it is used up, and hands out no part of a 64-bit word', async () => {
    const random = await memoizedRandom(await knownKey(), { ...labels, value: '1' });
    expect(new Set(take(random, 1_023)).size).toBeGreaterThan(1_013);
    expect(() => random.nextUint64()).toThrow(SecureRandomUnavailableError);
    expect(() => random.nextUint32()).toThrow('the memoized stream is used up');
  });
});

describe('memoizationKey', () => {
  it('makes 256-bit keys whose bits cannot be read, a new one each time', async () => {
    const [key, other] = [await memoizationKey(), await memoizationKey()];
    expect([key.extractable, key.usages, key.algorithm]).toMatchObject([false, ['deriveBits'], { name: 'HKDF' }]);
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
    expect(await draw(key)).not.toEqual(await draw(other));
    // A key that went through storage is the same key.
    expect(await draw(structuredClone(key))).toEqual(await draw(key));
  });

  it('without WebCrypto nothing is drawn', async () => {
    const key = await knownKey();
    const calls = () => [
      memoizationKey(),
      memoizedRandom(key, { ...labels, value: '1' }),
      memoizedLetters(randomizedResponse({ options: 2, epsilon: 1 }), key, labels),
    ];
    const failing = {
      deriveBits: () => Promise.reject(new Error('no')),
      importKey: () => Promise.reject(new Error('no')),
    };
    for (const crypto of [undefined, {}, { subtle: failing }]) {
      vi.stubGlobal('crypto', crypto);
      for (const call of calls()) await expect(call).rejects.toMatchObject({ code: 'SECURE_RANDOM_UNAVAILABLE' });
    }
  });
});

describe('memoizedLetters', () => {
  const channel = randomizedResponse({ options: 3, epsilon: 1 });

  it('are the same whenever they are asked for, so that changing an answer and back redraws nothing', async () => {
    const key = await memoizationKey();
    const first = await memoizedLetters(channel, key, labels);
    for (let time = 0; time < 5; time += 1) expect(await memoizedLetters(channel, key, labels)).toEqual(first);
  });

  it('follow the channel over fresh keys, for every input, and inputs are independent', async () => {
    const counts = Array.from({ length: 27 }, () => 0);
    for (let device = 0; device < 6000; device += 1) {
      const [a, b, c] = (await memoizedLetters(channel, await memoizationKey(), labels)) as [number, number, number];
      counts[9 * a + 3 * b + c]! += 1;
    }
    const joint = (of: typeof channel) =>
      counts.map((_, cell) =>
        [Math.floor(cell / 9), Math.floor(cell / 3) % 3, cell % 3].reduce(
          (product, letter, input) => product * of.probability(input, letter),
          1,
        ),
      );
    expect(fitPValue(counts, joint(channel))).toBeGreaterThan(1e-9);
    // Power: a channel of another epsilon.
    expect(fitPValue(counts, joint(randomizedResponse({ options: 3, epsilon: 1.25 })))).toBeLessThan(1e-9);
  });

  it('are independent between questions, versions and epsilons under one key', async () => {
    const key = await knownKey();
    const wider = randomizedResponse({ options: 3, epsilon: 2 });
    const letter = async (of: typeof channel, version: string, question: string) =>
      (await memoizedLetters(of, key, { version, question }))[0]!;
    const tables = {
      questions: Array.from<number>({ length: 9 }).fill(0),
      versions: [] as number[],
      epsilons: [] as number[],
      same: [] as number[],
    };
    for (const name of ['versions', 'epsilons', 'same'] as const) tables[name] = [...tables.questions];
    for (let asked = 0; asked < 2000; asked += 1) {
      const question = `question ${asked}`;
      const one = 3 * (await letter(channel, '1', question));
      tables.questions[one + (await letter(channel, '1', `${question}?`))]! += 1;
      tables.versions[one + (await letter(channel, '2', question))]! += 1;
      tables.epsilons[one + (await letter(wider, '1', question))]! += 1;
      tables.same[one + (await letter(channel, '1', question))]! += 1;
    }
    const independent = (other: typeof channel) =>
      tables.same.map((_, cell) => channel.probability(0, Math.floor(cell / 3)) * other.probability(0, cell % 3));
    expect(fitPValue(tables.questions, independent(channel))).toBeGreaterThan(1e-9);
    expect(fitPValue(tables.versions, independent(channel))).toBeGreaterThan(1e-9);
    expect(fitPValue(tables.epsilons, independent(wider))).toBeGreaterThan(1e-9);
    // Power: what shares a stream fails.
    expect(fitPValue(tables.same, independent(channel))).toBeLessThan(1e-9);
  });

  it('share no stream with whatever else is drawn for the question, not even by a value that looks alike', async () => {
    const key = await knownKey();
    const seen: number[][] = [];
    const privatize = (_input: number, random?: RandomSource) => seen.push(take(random!, 8));
    await memoizedLetters({ mechanism: 'm', inputs: 1, outputs: 2, epsilon: 1, privatize }, key, labels);
    for (const value of ['m', '["m",1,2,1,0]', 'm",1,2,1,0', '0']) {
      expect(take(await memoizedRandom(key, { ...labels, value }), 8)).not.toEqual(seen[0]);
    }
  });

  const hungry = (words: number) => ({
    ...channel,
    privatize: (_: number, random: RandomSource = seededRandom(1)) => take(random, words).length,
  });

  it('are had from any channel, and not where a stream of 1,024 words is too short', async () => {
    const key = await knownKey();
    for (const wide of [subsetSelection({ options: 20, epsilon: 1 }), numericMean({ epsilon: 2 })]) {
      const letters = await memoizedLetters(wide, key, labels);
      expect(await memoizedLetters(wide, key, labels)).toEqual(letters);
      expect(letters).toHaveLength(wide.inputs);
      // Another question's are others: every letter is drawn, not made up.
      expect(await memoizedLetters(wide, key, { ...labels, question: 'And now?' })).not.toEqual(letters);
    }
    expect(await memoizedLetters(hungry(1_024), key, labels)).toEqual([1_024, 1_024, 1_024]);
    await expect(memoizedLetters(hungry(1_025), key, labels)).rejects.toThrow('the memoized stream is used up');
  });

  it('serve a longitudinal mechanism: the permanent letter stays, reports differ', async () => {
    const mechanism = longitudinalRandomizedResponse({ options: 4, epsilon: 2, firstReportEpsilon: 1 });
    const letters = await memoizedLetters(mechanism.permanent, await memoizationKey(), labels);
    expect(letters).toHaveLength(4);
    const reports = Array.from({ length: 200 }, () => mechanism.report(letters[2]!));
    expect(new Set(reports).size).toBeGreaterThan(1);
  });
});
