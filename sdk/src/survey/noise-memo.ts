import type { RandomSource } from '@chorale/privacy';
import { type QuestionChannel, questionIdentity } from '@chorale/protocol';
import { sha256Hex } from '../sha256-hex.ts';
import type { DeviceStore, MemoizedNoise } from '../storage/device-store.ts';

/**
 * The noise that this question meets on this device, from the first time on. Asked again in another
 * study, the same answer becomes the same letter, so that repetition averages nothing out.
 *
 * A letter is drawn for every input at once: what is stored does not tell which answer was given, and
 * may therefore outlive an erasure. One rounding word does the same for numbers between grid points
 * (Ding, Kulkarni and Yekhanin, Collecting telemetry data privately, NIPS 2017, section 4).
 */
export async function memoizedNoise(
  spec: QuestionChannel,
  {
    store,
    random,
  }: {
    store: DeviceStore;
    random: RandomSource;
  },
): Promise<{ key: string; noise: MemoizedNoise }> {
  const { channel } = spec;
  const key = await memoKey(spec);
  const stored = await store.memo(key);
  if (stored !== null && stored.letters.length === channel.inputs && stored.letters.every((l) => l < channel.outputs)) {
    return { key, noise: stored };
  }
  const letters = Array.from({ length: channel.inputs }, (_, input) => channel.privatize(input, random));
  return { key, noise: { letters, rounding: [random.nextUint32(), random.nextUint32()] } };
}

/** A source that always says the same: the rounding of a number to the grid becomes a function of it. */
export function fixedBits([high, low]: MemoizedNoise['rounding']): RandomSource {
  return { nextUint32: () => high, nextUint64: () => (BigInt(high) << 32n) | BigInt(low) };
}

/**
 * Hash of everything that makes a question and its channel the same: the question's identity, the mechanism and its
 * epsilon; not its id and not its study.
 */
async function memoKey({ question, channel }: QuestionChannel): Promise<string> {
  const { mechanism, inputs, outputs, epsilon } = channel;
  // An array, whose order is fixed, is canonical as JSON.
  const identity = [...questionIdentity(question), mechanism, inputs, outputs, epsilon];
  return sha256Hex(JSON.stringify(identity));
}
