import { checkIn } from '../numerics/checks.ts';
import { checkAlphabet, type FrequencyChannel, type FrequencyMechanism } from './frequency-mechanism.ts';
import { localHashing } from './local-hashing.ts';
import { randomizedResponse, shareVariance } from './randomized-response.ts';
import { bestSize, subsetSelection } from './subset-selection.ts';
import { unaryEncoding } from './unary-encoding.ts';

/**
 * The frequency mechanism with the least error over all letters whose report is short enough: randomized response,
 * subset selection, optimized unary encoding or optimal local hashing, the first of these where two are equal.
 *
 * @param options integer in [2, 1024]
 * @param epsilon in [1e-6, 20]
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
  checkAlphabet({ options, epsilon });
  checkIn('maximumReportBits', maximumReportBits, `[${Math.log2(options)}, Infinity]`);
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
 * Subset selection with its best size (see `subsetSelection`), or the largest below it with at most this many different
 * reports; randomized response where that is 1. What to use where a report is one integer.
 *
 * @param options integer in [2, 1024]
 * @param epsilon in [1e-6, 20]
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
  checkAlphabet({ options, epsilon });
  checkIn('maximumOutputs', maximumOutputs, `[${options}, Infinity]`);
  const size = bestSize({ options, epsilon }, Math.min(maximumOutputs, Number.MAX_SAFE_INTEGER));
  return size === 1 ? randomizedResponse({ options, epsilon }) : subsetSelection({ options, epsilon, size });
}

/*
 * The variance of a letter's share, averaged over the letters. It is linear in the share, and shares average 1 / k
 * whoever holds what, so that the comparison needs no guess about the answers; nor does it matter whether respondents
 * are fixed or drawn, which adds the same to all mechanisms.
 */
function letterError({ options, p, q }: Pick<FrequencyMechanism<unknown>, 'options' | 'p' | 'q'>): number {
  return shareVariance({ channel: { p, q }, share: 1 / options, respondents: 1, population: 'fixed' });
}
