/**
 * The smallest epsilon >= 0 with delta(epsilon) <= delta, exactly for this privacy loss distribution.
 *
 * @param probabilities that the log ratio of the true data's probability to the neighbour's is `lossAt` of the index,
 *   under the true data
 * @param lossAt grows with its index
 * @see Sommer, Meiser and Mohammadi, Privacy loss classes, PETS 2019, lemma 5
 */
export function epsilonOfLosses(probabilities: Float64Array, lossAt: (index: number) => number, delta: number): number {
  // delta(epsilon) is the sum over losses l > epsilon of Pr[l] (1 - e^(epsilon - l)). From the largest loss down, `gap`
  // is delta at the loss that was reached and `rest` the sum of Pr[l] e^(loss - l). Going down by y moves
  // rest (1 - e^-y) to the gap, all terms being positive, and the y at which the gap becomes delta is the answer.
  let gap = 0;
  let rest = 0;
  for (let index = probabilities.length - 1; index >= 0; index -= 1) {
    const loss = lossAt(index);
    if (loss <= 0) break;
    rest += probabilities[index]!;
    const next = index === 0 ? 0 : Math.max(0, lossAt(index - 1));
    const nextGap = gap - rest * Math.expm1(next - loss);
    if (nextGap > delta) return Math.max(next, loss + Math.log1p((gap - delta) / rest));
    gap = nextGap;
    rest *= Math.exp(next - loss);
  }
  return 0;
}
