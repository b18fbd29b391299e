import { checkInteger } from '../numerics/checks.ts';
import { nextUint64, SecureRandomUnavailableError, type RandomSource } from '../sampling/random.ts';
import type { Channel } from './channel.ts';

/** What a stream of memoized randomness belongs to; streams of different labels are independent. */
export interface MemoizationLabels {
  /** Of the code that turns question and stream into a letter: raised where the same stream would mean another one. */
  readonly version: string;
  /** Names the question, and whatever of its channel `memoizedLetters` does not add by itself. */
  readonly question: string;
}

// Keeps these streams apart from anything else that the same key might ever sign.
const purpose = 'chorale-privacy/memoization';

const blockWords = 8;
const mostWords = 65_536;

/**
 * A new random 256-bit key for memoized noise. A browser's storage takes it as it is, but nobody can read its bits.
 *
 * Whoever uses the key can undo the noise. A device that loses it draws all noise anew, which costs another epsilon.
 *
 * @throws {SecureRandomUnavailableError} (rejects) without `crypto.subtle`, which pages served without TLS lack
 */
export async function memoizationKey(): Promise<CryptoKey> {
  return attempt((subtle) => subtle.generateKey({ name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign']));
}

/**
 * A stream that key and labels fix: HMAC-SHA-256(key, labels, counter), which without the key nobody can tell from
 * random bits. Nothing needs storing, so that clearing a record redraws nothing while the key lives.
 *
 * Use one stream for one draw. What two channels make of the same words can tell more than both promise together.
 *
 * @param labels `value` names what is drawn: an answer, or a purpose
 * @param words how many 32-bit words the stream has, an integer in [1, 65536]; 32 unless it is given
 * @throws {RangeError} (rejects) outside this range
 * @throws {SecureRandomUnavailableError} (rejects) without `crypto.subtle` or where it fails; the stream itself throws
 *   it when it is used up
 * @see RFC 2104; Erlingsson, Pihur and Korolova, RAPPOR, CCS 2014, on why noise is kept
 */
export async function memoizedRandom(
  key: CryptoKey,
  { version, question, value, words = 32 }: MemoizationLabels & { value: string; words?: number | undefined },
): Promise<RandomSource> {
  checkInteger('words', words, `[1, ${mostWords}]`);
  return stream(key, [version, question, value], words);
}

/**
 * The permanent letter of every input of a channel, by input. Look up that of the answer: changing an answer and
 * changing it back redraws nothing, and the work done does not depend on the answer.
 *
 * Mechanism, alphabet and epsilon of the channel are labels too: asked again at another epsilon, a question meets
 * independent noise, and the epsilons add up.
 *
 * @throws {SecureRandomUnavailableError} (rejects) without `crypto.subtle` or where it fails, or for a letter that takes
 *   more than 65536 random words
 */
export async function memoizedLetters(
  channel: Pick<Channel, 'mechanism' | 'inputs' | 'outputs' | 'epsilon' | 'privatize'>,
  key: CryptoKey,
  { version, question }: MemoizationLabels,
): Promise<number[]> {
  const { mechanism, inputs, outputs, epsilon } = channel;
  // One after the other: a thousand at once would fill the queue of WebCrypto's threads for nothing.
  const letters: number[] = [];
  for (let input = 0; input < inputs; input += 1) {
    // Not the realized epsilon: where a release moves the last place of a weight, the noise must stay.
    const labels = [version, question, mechanism, inputs, outputs, epsilon, input];
    letters.push(await letterOf(channel, input, (words) => stream(key, labels, words)));
  }
  return letters;
}

/** The letter for a stream of which twice as many words are made until they suffice: a longer one begins alike. */
async function letterOf(
  channel: Pick<Channel, 'privatize'>,
  input: number,
  streamOf: (words: number) => Promise<RandomSource>,
): Promise<number> {
  for (let words = blockWords; ; words *= 2) {
    const random = await streamOf(words);
    try {
      return channel.privatize(input, random);
    } catch (cause) {
      const isUsedUp = cause instanceof SecureRandomUnavailableError && random.wordsDrawn === words;
      if (!isUsedUp || words >= mostWords) throw cause;
    }
  }
}

/** No two lists are the same JSON, which writes even broken surrogates each in its own way. */
async function stream(key: CryptoKey, labels: readonly (string | number)[], words: number): Promise<RandomSource> {
  const message = (counter: number) => new TextEncoder().encode(JSON.stringify([purpose, ...labels, counter]));
  const blocks = await attempt((subtle) =>
    Promise.all(
      Array.from({ length: Math.ceil(words / blockWords) }, (_, counter) => subtle.sign('HMAC', key, message(counter))),
    ),
  );
  const all = blocks.flatMap((block) => {
    const view = new DataView(block);
    return Array.from({ length: blockWords }, (_, index) => view.getUint32(4 * index));
  });
  const random = {
    wordsDrawn: 0,
    nextUint32(): number {
      if (random.wordsDrawn >= words) {
        throw new SecureRandomUnavailableError(`the memoized stream has no more than ${words} words`);
      }
      random.wordsDrawn += 1;
      return all[random.wordsDrawn - 1]!;
    },
    nextUint64: (): bigint => nextUint64(random),
  };
  return random;
}

async function attempt<Result>(action: (subtle: SubtleCrypto) => Promise<Result>): Promise<Result> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (subtle === undefined) throw new SecureRandomUnavailableError('crypto.subtle is missing');
  try {
    return await action(subtle);
  } catch (cause) {
    throw new SecureRandomUnavailableError('HMAC-SHA-256 failed', { cause });
  }
}
