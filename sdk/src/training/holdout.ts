import { sha256 } from '@chorale/protocol';
import type { Batch } from './engines/engine.ts';
import type { EncodedRecords } from './features.ts';

// So many digests are under way at once that WebCrypto's threads stay busy, and not a whole file's.
const concurrentDigests = 256;

/**
 * Which rows never train, `[rows]`, 1 for held back: those whose hash of seed and position, as a fraction
 * of its range, is below `holdout`. It depends on no content, and is the same at every visit.
 * @param holdout share of rows, in (0, 1).
 */
export async function heldBackRows({
  rows,
  holdout,
  seed,
}: {
  rows: number;
  holdout: number;
  seed: number;
}): Promise<Uint8Array> {
  const heldBack = new Uint8Array(rows);
  for (let start = 0; start < rows; start += concurrentDigests) {
    const block = Array.from({ length: Math.min(concurrentDigests, rows - start) }, async (_, i) => {
      const digest = await sha256(`${seed}\n${start + i}`);
      const word = new DataView(digest.buffer, digest.byteOffset).getUint32(0);
      heldBack[start + i] = word / 2 ** 32 < holdout ? 1 : 0;
    });
    await Promise.all(block);
  }
  return heldBack;
}

/** Splits records into rows that train and rows that only evaluate, each in their order. */
export async function splitRecords(
  records: Pick<EncodedRecords, 'inputs' | 'labels' | 'rows'>,
  { holdout, seed }: { holdout: number; seed: number },
): Promise<{ training: Batch; heldBack: Batch }> {
  const mask = await heldBackRows({ rows: records.rows, holdout, seed });
  return { training: selectRows(records, mask, 0), heldBack: selectRows(records, mask, 1) };
}

function selectRows(
  records: Pick<EncodedRecords, 'inputs' | 'labels' | 'rows'>,
  mask: Uint8Array,
  wanted: 0 | 1,
): Batch {
  const chosen = [...mask.keys()].filter((row) => mask[row] === wanted);
  return gatherRows(records, chosen);
}

/** The rows at these positions, in the order given. */
export function gatherRows(source: Pick<Batch, 'inputs' | 'labels' | 'rows'>, positions: ArrayLike<number>): Batch {
  const rows = positions.length;
  const width = source.rows === 0 ? 0 : source.inputs.length / source.rows;
  const inputs = new Float32Array(rows * width);
  const labels = source.labels instanceof Float32Array ? new Float32Array(rows) : new Uint8Array(rows);
  for (let i = 0; i < rows; i += 1) {
    const row = positions[i]!;
    inputs.set(source.inputs.subarray(row * width, (row + 1) * width), i * width);
    labels[i] = source.labels[row]!;
  }
  return { inputs, labels, rows };
}
