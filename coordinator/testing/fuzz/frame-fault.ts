import { clientFrame } from './client-frame.ts';
import type { FuzzRandom } from './fuzz-random.ts';
import { mutateBytes } from './mutate-bytes.ts';

/** Bytes that are no proper WebSocket frame: the connection ends, or the server waits for the rest. */
export function frameFault(random: FuzzRandom, text: string): Buffer {
  const frame = clientFrame(text);
  switch (random.below(8)) {
    case 0:
      return mutateBytes(random, frame);
    case 1:
      return random.bytes(1 + random.below(500));
    case 2:
      // Reserved bits, and operations that there are none of.
      return Buffer.concat([Buffer.from([random.below(256)]), frame.subarray(1)]);
    case 3:
      // Without a mask.
      return Buffer.from([0x81, 0x04, 0x34, 0x32, 0x5b, 0x5d]);
    case 4:
      // A length that never comes: near 2^64, 2^31, or just too much.
      return Buffer.from([0x82, 0xff, ...random.pick(LENGTHS), 1, 2, 3, 4, 5]);
    case 5:
      // A message in parts that does not end, or starts in the middle.
      return Buffer.concat([Buffer.from([random.pick([0x01, 0x02, 0x00])]), frame.subarray(1)]);
    case 6:
      // Control frames: too long, in parts, or to close with a code that means nothing.
      return Buffer.concat([Buffer.from([random.pick([0x88, 0x89, 0x8a, 0x08, 0x09])]), frame.subarray(1)]);
    default:
      return frame.subarray(0, random.below(frame.length));
  }
}

const LENGTHS = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff],
  [0, 0, 0, 0, 0, 0x10, 0, 0],
];
