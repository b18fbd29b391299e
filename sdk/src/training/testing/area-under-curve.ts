/**
 * Probability that a positive row scores above a negative one, ties counting half (Mann and Whitney's U
 * over its maximum).
 * @param labels `[rows]`, 0 or 1.
 * @returns NaN unless both labels occur.
 */
export function areaUnderCurve(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Array.from({ length: scores.length }, (_, i) => i).toSorted((a, b) => scores[a]! - scores[b]!);
  let positives = 0;
  let rankSum = 0;
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end += 1;
    // Rows that tie share the mean of their ranks, which count from 1.
    for (let i = start; i < end; i += 1) {
      if (labels[order[i]!] === 1) {
        positives += 1;
        rankSum += (start + end + 1) / 2;
      }
    }
    start = end;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}
