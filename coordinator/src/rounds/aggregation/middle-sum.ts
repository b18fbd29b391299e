/** Values that are sorted in one go: few enough to stay in a core's cache. */
const BLOCK_VALUES = 2 ** 15;

/** Coordinates of one vector that a cache line holds: taking fewer at a time would read it again. */
const LINE_VALUES = 16;

/**
 * Coordinate by coordinate, the sum of the values without the `omitted` smallest and the `omitted` largest: exact,
 * and the same for every order of the vectors. Its only memory is the result and one block.
 * Sorting takes at most n log n steps for any input, so that no choice of values can slow it down.
 * @param vectors of one length, 2^22 at most, so that sums stay below 2^53
 * @param omitted an integer >= 0, less than half of the vectors
 */
export function middleSum(vectors: readonly Int32Array[], omitted: number): Float64Array<ArrayBuffer> {
  const count = vectors.length;
  if (!(omitted >= 0 && 2 * omitted < count)) {
    throw new RangeError(`omitted must be less than half of the ${count} vectors, got ${omitted}`);
  }
  const length = vectors[0]!.length;
  const sums = new Float64Array(length);
  const blockLength = Math.max(LINE_VALUES, Math.floor(BLOCK_VALUES / count));
  const columns = new Int32Array(Math.min(blockLength, length) * count);
  for (let start = 0; start < length; start += blockLength) {
    const end = Math.min(start + blockLength, length);
    vectors.forEach((vector, v) => {
      for (let i = start; i < end; i += 1) columns[(i - start) * count + v] = vector[i]!;
    });
    for (let i = start; i < end; i += 1) {
      const first = (i - start) * count;
      columns.subarray(first, first + count).sort();
      let sum = 0;
      for (let v = first + omitted; v < first + count - omitted; v += 1) sum += columns[v]!;
      sums[i] = sum;
    }
  }
  return sums;
}
