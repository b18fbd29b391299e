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
  crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
const take = (random: RandomSource, words: number) => Array.from({ length: words }, () => random.nextUint32());
const draw = async (key: CryptoKey) => take(await memoizedRandom(key, { ...labels, value: '1' }), 8);
const labels = { version: '1', question: 'How are you?' };

describe('memoizedRandom', () => {
  it('is HMAC-SHA-256 of labels and a counter as JSON, as computed elsewhere', async () => {
    // Python's hmac and json modules: key 00 01 .. 1f, no spaces, UTF-8, counters 0 and 1, words big-endian.
    const random = await memoizedRandom(await knownKey(), {
      version: '1',
      question: 'Wie geht es Ihnen?',
      value: 'äöü😀',
    });
    expect(take(random, 16)).toEqual([
      0x61338a72, 0x18e1112c, 0x1285527e, 0xa5d22742, 0xaffe53f2, 0x5c58bd96, 0xe632720d, 0xea69ef1e, 0x519586cc,
      0xe583a23b, 0x047e6776, 0x3eee744b, 0xdc5c31b9, 0x6b8d5695, 0xf9accce5, 0x571f148a,
    ]);
    expect(random.wordsDrawn).toBe(16);
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
    const key = await knownKey();
    const random = await memoizedRandom(key, { ...labels, value: '1', words: 3 });
    random.nextUint64();
    expect(() => random.nextUint64()).toThrow('no more than 3 words');
    expect(() => random.nextUint32()).toThrow(expect.objectContaining({ code: 'SECURE_RANDOM_UNAVAILABLE' }));
    const long = await memoizedRandom(key, { ...labels, value: '1', words: 1000 });
    expect(new Set(take(long, 1000)).size).toBeGreaterThan(990);
    for (const words of [0, 1.5, 65_537, Number.NaN]) {
      await expect(memoizedRandom(key, { ...labels, value: '1', words })).rejects.toThrow('words must be an integer');
    }
  });
});

describe('memoizationKey', () => {
  it('makes 256-bit keys whose bits cannot be read, a new one each time', async () => {
    const [key, other] = [await memoizationKey(), await memoizationKey()];
    expect([key.extractable, key.usages, key.algorithm]).toMatchObject([
      false,
      ['sign'],
      { name: 'HMAC', length: 256 },
    ]);
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
    const failing = { sign: () => Promise.reject(new Error('no')), generateKey: () => Promise.reject(new Error('no')) };
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

  it('are had from any channel, however many words it takes, and a longer stream begins with the shorter one', async () => {
    const key = await knownKey();
    for (const wide of [subsetSelection({ options: 20, epsilon: 1 }), numericMean({ epsilon: 2 })]) {
      const letters = await memoizedLetters(wide, key, labels);
      expect(await memoizedLetters(wide, key, labels)).toEqual(letters);
      expect(letters).toHaveLength(wide.inputs);
      // Another question's are others: every letter is drawn, not made up.
      expect(await memoizedLetters(wide, key, { ...labels, question: 'And now?' })).not.toEqual(letters);
    }
    const words: number[][] = [];
    const hungry = {
      ...channel,
      inputs: 1,
      privatize: (_: number, random: RandomSource = seededRandom(1)) => {
        const drawn: number[] = [];
        words.push(drawn);
        for (let made = 0; made < 33; made += 1) drawn.push(random.nextUint32());
        return 1;
      },
    };
    expect(await memoizedLetters(hungry, key, labels)).toEqual([1]);
    expect(words.map((drawn) => drawn.length)).toEqual([8, 16, 32, 33]);
    for (const drawn of words) expect(drawn).toEqual(words[3]!.slice(0, drawn.length));
    // What is never enough, or fails for another reason, ends.
    let calls = 0;
    const endless = (random: RandomSource): number => {
      calls += 1;
      for (;;) random.nextUint32();
    };
    const lettersOf = (letter: (random: RandomSource) => number) =>
      memoizedLetters({ ...hungry, privatize: (_, random = seededRandom(1)) => letter(random) }, key, labels);
    await expect(lettersOf(endless)).rejects.toThrow('no more than 65536 words');
    expect(calls).toBe(14);
    calls = 0;
    const failing = (): number => {
      calls += 1;
      throw new SecureRandomUnavailableError('broken');
    };
    await expect(lettersOf(failing)).rejects.toThrow('broken');
    expect(calls).toBe(1);
  });

  it('serve a longitudinal mechanism: the permanent letter stays, reports differ', async () => {
    const mechanism = longitudinalRandomizedResponse({ options: 4, epsilon: 2, firstReportEpsilon: 1 });
    const letters = await memoizedLetters(mechanism.permanent, await memoizationKey(), labels);
    expect(letters).toHaveLength(4);
    const reports = Array.from({ length: 200 }, () => mechanism.report(letters[2]!));
    expect(new Set(reports).size).toBeGreaterThan(1);
  });
});
