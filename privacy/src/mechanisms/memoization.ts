import { nextUint64, secureRandom, SecureRandomUnavailableError, type RandomSource } from '../sampling/random.ts';
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

// Far more than a letter takes.
const streamBits = 32 * 1024;

/**
 * A new random 256-bit key for memoized noise. A browser's storage takes it as it is, but nobody can read its bits.
 *
 * Whoever uses the key can undo the noise. A device that loses it draws all noise anew, which costs another epsilon.
 *
 * @throws {SecureRandomUnavailableError} (rejects) without `crypto.subtle`, which pages served without TLS lack
 */
export async function memoizationKey(): Promise<CryptoKey> {
  const random = secureRandom();
  const bits = Uint32Array.from({ length: 8 }, () => random.nextUint32());
  return attempt((subtle) => subtle.importKey('raw', bits, 'HKDF', false, ['deriveBits']));
}

/**
 * A stream of 1,024 words that key and labels fix: HKDF-SHA-256 with the labels as its info, which without the key nobody
 * can tell from random bits. Nothing needs storing, so that clearing a record redraws nothing while the key lives.
 *
 * Use one stream for one draw. What two channels make of the same words can tell more than both promise together.
 *
 * @param labels `value` names what is drawn: an answer, or a purpose
 * @throws {SecureRandomUnavailableError} (rejects) without `crypto.subtle` or where it fails; the stream itself throws
 *   it when it is used up
 * @see RFC 5869; Erlingsson, Pihur and Korolova, RAPPOR, CCS 2014, on why noise is kept
 */
export async function memoizedRandom(
  key: CryptoKey,
  { version, question, value }: MemoizationLabels & { value: string },
): Promise<RandomSource> {
  return stream(key, [version, question, value]);
}

/**
 * The permanent letter of every input of a channel, by input. Look up that of the answer: changing an answer and
 * changing it back redraws nothing, and the work done does not depend on the answer.
 *
 * Mechanism, alphabet and epsilon of the channel are labels too: asked again at another epsilon, a question meets
 * independent noise, and the epsilons add up.
 *
 * @throws {SecureRandomUnavailableError} (rejects) without `crypto.subtle` or where it fails, or for a letter that takes
 *   more than 1,024 random words
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
    letters.push(channel.privatize(input, await stream(key, labels)));
  }
  return letters;
}

/** No two lists are the same JSON, which writes even broken surrogates each in its own way. */
async function stream(key: CryptoKey, labels: readonly (string | number)[]): Promise<RandomSource> {
  const info = new TextEncoder().encode(JSON.stringify([purpose, ...labels]));
  const algorithm = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
  const words = new DataView(await attempt((subtle) => subtle.deriveBits(algorithm, key, streamBits)));
  let used = 0;
  const random = {
    nextUint32(): number {
      if (used >= words.byteLength) throw new SecureRandomUnavailableError('the memoized stream is used up');
      used += 4;
      return words.getUint32(used - 4);
    },
    nextUint64: (): bigint => nextUint64(random),
  };
  return random;
}

async function attempt<Result>(action: (subtle: SubtleCrypto) => Promise<Result>): Promise<Result> {
  try {
    return await action(globalThis.crypto.subtle);
  } catch (cause) {
    throw new SecureRandomUnavailableError('crypto.subtle is missing or failed', { cause });
  }
}
