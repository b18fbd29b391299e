import { type Digits, SIDE } from './digits.ts';

const CELL = 4;
const CELLS = SIDE / CELL;
const ORIENTATIONS = 8;
const BLOCKS = CELLS - 1;
const BLOCK_FEATURES = 4 * ORIENTATIONS;

/** Features of one image. */
export const ORIENTED_GRADIENTS = BLOCKS ** 2 * BLOCK_FEATURES;

/**
 * Histograms of oriented gradients (Dalal and Triggs 2005): in cells of 4 x 4 pixels, how dark edges are in each of eight
 * directions; each 2 x 2 cells scaled to one length, and all to norm 1 at most. Fixed by these public constants, so nothing
 * is learned from the images and each image's features depend on it alone.
 *
 * @returns `[rows, ORIENTED_GRADIENTS]`
 */
export function orientedGradients({ pixels, rows }: Digits): Float32Array {
  const features = new Float32Array(rows * ORIENTED_GRADIENTS);
  const histograms = new Float64Array(CELLS ** 2 * ORIENTATIONS);
  for (let row = 0; row < rows; row += 1) {
    histograms.fill(0);
    addGradients(histograms, pixels.subarray(row * SIDE ** 2, (row + 1) * SIDE ** 2));
    putBlocks(features.subarray(row * ORIENTED_GRADIENTS, (row + 1) * ORIENTED_GRADIENTS), histograms);
  }
  return features;
}

/** Each pixel's gradient, shared between the nearest cells and directions. */
function addGradients(histograms: Float64Array, pixels: Uint8Array): void {
  const pixel = (y: number, x: number): number =>
    y < 0 || x < 0 || y >= SIDE || x >= SIDE ? 0 : pixels[y * SIDE + x]! / 255;
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      const down = pixel(y + 1, x) - pixel(y - 1, x);
      const right = pixel(y, x + 1) - pixel(y, x - 1);
      const length = Math.hypot(down, right);
      if (length === 0) continue;
      const direction = (Math.atan2(down, right) / (2 * Math.PI) + 1) * ORIENTATIONS;
      for (const [orientation, turned] of nearest(direction)) {
        for (const [cellY, low] of nearest((y + 0.5) / CELL - 0.5)) {
          for (const [cellX, left] of nearest((x + 0.5) / CELL - 0.5)) {
            if (cellY < 0 || cellX < 0 || cellY >= CELLS || cellX >= CELLS) continue;
            const place = (cellY * CELLS + cellX) * ORIENTATIONS + (orientation % ORIENTATIONS);
            histograms[place]! += length * turned * low * left;
          }
        }
      }
    }
  }
}

/** The two whole numbers about a position, and its share in each. */
function nearest(position: number): [[at: number, share: number], [at: number, share: number]] {
  const below = Math.floor(position);
  return [
    [below, below + 1 - position],
    [below + 1, position - below],
  ];
}

function putBlocks(features: Float32Array, histograms: Float64Array): void {
  for (let y = 0; y < BLOCKS; y += 1) {
    for (let x = 0; x < BLOCKS; x += 1) {
      const start = (y * BLOCKS + x) * BLOCK_FEATURES;
      let squares = 0.1;
      for (let i = 0; i < BLOCK_FEATURES; i += 1) {
        const corner = Math.floor(i / ORIENTATIONS);
        const cell = (y + (corner >> 1)) * CELLS + x + (corner & 1);
        const value = histograms[cell * ORIENTATIONS + (i % ORIENTATIONS)]!;
        features[start + i] = value;
        squares += value * value;
      }
      const scale = 1 / (BLOCKS * Math.sqrt(squares));
      for (let i = 0; i < BLOCK_FEATURES; i += 1) features[start + i]! *= scale;
    }
  }
}
