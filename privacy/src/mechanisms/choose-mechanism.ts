import type { FrequencyChannel, FrequencyMechanism } from './frequency-mechanism.ts';
import { localHashing } from './local-hashing.ts';
import { randomizedResponse, shareVariance } from './randomized-response.ts';
import { subsetProbabilities, subsetSelection } from './subset-selection.ts';
import { unaryEncoding } from './unary-encoding.ts';

/**
 * The frequency mechanism with the least error over all letters whose report is short enough: randomized response,
 * subset selection, optimized unary encoding or optimal local hashing, the first of these where two are equal.
 *
 * @param options integer in [2, 1024]
 * @param epsilon in (0, 20]
 * @param maximumReportBits at least log2(options); no limit unless it is given
 * @throws {RangeError} outside these ranges
 */
export function chooseMechanism({
  options,
  epsilon,
  maximumReportBits = Infinity,
}: {
  options: number;
  epsilon: number;
  maximumReportBits?: number | undefined;
}): FrequencyMechanism<unknown> {
  if (!(maximumReportBits >= Math.log2(options))) {
    throw new RangeError(`maximumReportBits must be >= log2(options), got ${maximumReportBits}`);
  }
  // A power of two may round to just below the integer that its exponent came from.
  const maximumOutputs = Math.floor(2 ** maximumReportBits * (1 + 1e-12));
  const candidates: FrequencyMechanism<unknown>[] = [
    chooseChannel({ options, epsilon, maximumOutputs }),
    unaryEncoding({ options, epsilon }),
    localHashing({ options, epsilon }),
  ];
  return candidates.reduce((best, candidate) =>
    candidate.reportBits <= maximumReportBits && letterError(candidate) < letterError(best) ? candidate : best,
  );
}

/**
 * Randomized response or subset selection, whichever has the least error with at most this many different reports:
 * what to use where a report is one integer.
 *
 * @param options integer in [2, 1024]
 * @param epsilon in (0, 20]
 * @param maximumOutputs at least `options`; 2**53 - 1 unless it is given
 * @throws {RangeError} outside these ranges
 */
export function chooseChannel({
  options,
  epsilon,
  maximumOutputs = Number.MAX_SAFE_INTEGER,
}: {
  options: number;
  epsilon: number;
  maximumOutputs?: number | undefined;
}): FrequencyChannel {
  checkIn('maximumOutputs', maximumOutputs, `[${options}, Infinity]`);
  const response = randomizedResponse({ options, epsilon });
  // The error falls with the size up to k / (e^epsilon + 1) and rises from there, so that the first size that is no
  // better ends the search; beyond k / 2 it always does, and subsets get fewer again only there.
  let best = 1;
  let least = letterError(response);
  let subsets = BigInt(options);
  for (let size = 2; size < options; size += 1) {
    subsets = (subsets * BigInt(options + 1 - size)) / BigInt(size);
    if (subsets > Math.min(maximumOutputs, Number.MAX_SAFE_INTEGER)) break;
    const error = letterError({ options, ...subsetProbabilities({ options, epsilon, size }) });
    if (!(error < least)) break;
    best = size;
    least = error;
  }
  return best === 1 ? response : subsetSelection({ options, epsilon, size: best });
}

/*
 * The variance of a letter's share, averaged over the letters. It is linear in the share, and shares average 1 / k
 * whoever holds what, so that the comparison needs no guess about the answers; nor does it matter whether respondents
 * are fixed or drawn, which adds the same to all mechanisms.
 */
function letterError({ options, p, q }: Pick<FrequencyMechanism<unknown>, 'options' | 'p' | 'q'>): number {
  return shareVariance({ channel: { p, q }, share: 1 / options, respondents: 1, population: 'fixed' });
}
