import { checkIn, checkInteger, checkPositiveInteger, checkProbability } from '../numerics/checks.ts';
import { betaCdf, logBeta } from '../numerics/beta-distribution.ts';
import { orBasic, type Guarantee, type PrivacyUnit } from './guarantee.ts';
import { smallestEpsilon } from './smallest-epsilon.ts';

/** One report each of many respondents, in an order that tells nothing. */
export interface ShuffledReports {
  /** Of one report by itself; in (0, 20]. */
  readonly epsilon: number;
  /** Honest respondents whose reports are in the same batch and alike in all else, this one included; integer >= 1. */
  readonly responders: number;
  /** In (0, 1). */
  readonly delta: number;
  /** `employee` unless given. */
  readonly privacyUnit?: PrivacyUnit | undefined;
}

/**
 * A guarantee against whoever sees the shuffled reports only, and only while its condition is met: for information,
 * beside the guarantee of the report itself, which is what a ledger counts.
 */
export interface ShuffleGuarantee extends Guarantee {
  readonly condition: `only while the shuffler is honest and so are ${number} responders of the batch`;
}

/**
 * What shuffling makes of any reports that are epsilon-private, replace-one.
 *
 * @throws {RangeError} outside the ranges of `ShuffledReports`
 * @see Feldman, McMillan and Talwar, Hiding among the clones, FOCS 2021, theorems 3.1 and 3.2
 */
export function accountShuffle(reports: ShuffledReports): ShuffleGuarantee {
  checkShuffle(reports);
  const { epsilon, responders, delta } = reports;
  // Fewer responders are never more private, so that those beyond what is worth summing may be left out: with so many
  // clones a sum takes about a tenth of a second, and ten are needed.
  const summed = { epsilon, responders: Math.min(responders, Math.floor(1e7 * Math.exp(epsilon))) };
  const central = smallestEpsilon((candidate) => shuffleDelta(summed, candidate), delta, epsilon);
  return guaranteeOf(reports, central, 'clones');
}

/**
 * What shuffling makes of reports of k-ary randomized response, replace-one: less than of reports in general.
 *
 * @param reports.options integer >= 2
 * @throws {RangeError} outside these ranges and those of `ShuffledReports`
 * @see Balle, Bell, Gascon and Nissim, The privacy blanket of the shuffle model, CRYPTO 2019, theorem 4.2 and lemma 5.3
 */
export function accountShuffledResponse({
  options,
  ...given
}: ShuffledReports & { readonly options: number }): ShuffleGuarantee {
  checkShuffle(given);
  checkInteger('options', options, '[2, Infinity)');
  // As above: about two seconds for one sum, and for two.
  const most = options === 2 ? 10_000_000 : 50_000;
  const reports = { ...given, options, responders: Math.min(given.responders, most) };
  const deltaAt = (central: number): number => responseShuffleDelta(reports, central);
  const blanket = smallestEpsilon(deltaAt, given.delta, given.epsilon);
  const general = given.responders > most ? accountShuffle(given).epsilon : Infinity;
  return guaranteeOf(given, Math.min(blanket, general), general < blanket ? 'clones' : 'privacy-blanket');
}

function guaranteeOf(reports: ShuffledReports, epsilon: number, accountant: string): ShuffleGuarantee {
  const { epsilon: sum, responders, delta, privacyUnit } = reports;
  return {
    ...orBasic({ epsilon, delta, accountant }, { sum, basic: 'one-report', privacyUnit }),
    condition: `only while the shuffler is honest and so are ${responders} responders of the batch`,
  };
}

/*
 * Each of the n - 1 others behaves like this one's first answer, or like its second, with probability e^-epsilon / 2
 * each. So with C from Bin(n - 1, e^-epsilon), A from Bin(C, 1/2), B = 1 with probability p = 1 / (1 + e^-epsilon) and
 * q = 1 - p, it is as hard to tell as (A + B, C - A + 1 - B) from (A + 1 - B, C - A + B). Given C,
 *   Pr[the first is x] = p b(x - 1) + q b(x) and Pr[the second is x] = q b(x - 1) + p b(x), b the mass of A,
 * whose ratio grows with x, as b(x - 1) / b(x) = x / (C + 1 - x). It exceeds E = e^epsilonCentral from some x = t on:
 *   (p - E q) x > (E p - q) (C + 1 - x).
 * Summing the first less E times the second over x >= t leaves (p - E q) b(t - 1) - (E - 1) Pr[A >= t].
 */
export function shuffleDelta(
  { epsilon, responders }: Pick<ShuffledReports, 'epsilon' | 'responders'>,
  epsilonCentral: number,
): number {
  if (epsilonCentral >= epsilon) return 0;
  const p = 1 / (1 + Math.exp(-epsilon));
  const q = p * Math.exp(-epsilon);
  const ratio = Math.exp(epsilonCentral);
  const share = (ratio * p - q) / ((p - q) * (ratio + 1));
  let delta = 0;
  overBinomial(responders - 1, Math.exp(-epsilon), (clones, probability) => {
    const threshold = Math.floor(share * (clones + 1)) + 1;
    if (threshold > clones + 1) return;
    const tail = threshold > clones ? 0 : betaCdf(0.5, threshold, clones - threshold + 1);
    const single = (p - ratio * q) * binomialMass(clones, 0.5, threshold - 1) - (ratio - 1) * tail;
    delta += probability * Math.max(0, single);
  });
  return delta;
}

/*
 * Randomized response answers at random among the k options with probability k q, q = 1 / (e^epsilon + k - 1), whatever
 * the truth: the reports that do so are a blanket. Knowing who else told the truth, what is left to hide in is the
 * blanket of size M from Bin(n - 1, k q); with (a, b) the counts of this one's two answers among M + 1 random ones,
 *   delta <= E[(k / (M + 1)) ((p - q) (a - E b) - (E - 1) q (M + 1))+]   (lemma 5.3; p = q e^epsilon, E = e^central).
 * As Bin(n - 1, k q)(m - 1) / m = Bin(n, k q)(m) / (n k q), this is 1 / (n q) times the same with m = M + 1 from
 * Bin(n, k q): each of n reports is a or b with probability q each, another random one (o) with (k - 2) q, or none. With
 * r = (E - 1) / (e^epsilon - 1) = (E - 1) q / (p - q) and m = a + b + o,
 *   delta <= (p - q) / (n q) E[((1 - r) a - c)+], c = (E + r) b + r o.
 * Given b and o, a is from Bin(N, theta), N = n - b - o, theta = q / p. With t the first a above c / (1 - r), f the mass
 * at t and S that from t on, E[a; a >= t] = N theta S + (1 - theta) t f.
 * As o falls by one, N grows by one, which adds theta times the mass at t - 1 to S, and t falls at times: all sums are
 * of positive terms, so that S and f are carried along instead of computed anew.
 */
export function responseShuffleDelta(
  { epsilon, responders, options }: Pick<ShuffledReports, 'epsilon' | 'responders'> & { options: number },
  epsilonCentral: number,
): number {
  if (epsilonCentral >= epsilon) return 0;
  const q = 1 / (Math.exp(epsilon) + options - 1);
  const theta = Math.exp(-epsilon);
  const ratio = Math.exp(epsilonCentral);
  const r = Math.expm1(epsilonCentral) / Math.expm1(epsilon);
  let mean = 0;
  overBinomial(responders, q, (b, probabilityOfB) => {
    let t = Infinity;
    let mass = 0;
    let tail = 0;
    let meanOfB = 0;
    overBinomial(responders - b, ((options - 2) * q) / (1 - q), (o, probabilityOfO) => {
      const trials = responders - b - o;
      const c = (ratio + r) * b + r * o;
      const threshold = Math.floor(c / (1 - r)) + 1;
      if (threshold > trials) return;
      if (mass > 1e-200) {
        // From trials - 1 to trials, then from t to the threshold.
        const below = (mass * t * (1 - theta)) / (trials - t);
        tail += below;
        mass += below - mass * theta;
        while (t > threshold) {
          mass *= (t * (1 - theta)) / ((trials - t + 1) * theta);
          tail += mass;
          t -= 1;
        }
      } else {
        // So far out that it would have been lost among the doubles.
        t = threshold;
        mass = binomialMass(trials, theta, t);
        tail = mass > 1e-200 ? betaCdf(theta, t, trials - t + 1) : 0;
      }
      meanOfB += probabilityOfO * ((1 - r) * (1 - theta) * t * mass - (c - (1 - r) * trials * theta) * tail);
    });
    mean += probabilityOfB * meanOfB;
  });
  return (Math.expm1(epsilon) / responders) * Math.max(0, mean);
}

/** Visits counts and their probabilities from high to low; those left out add up to less than 1e-20. */
function overBinomial(trials: number, probability: number, visit: (count: number, mass: number) => void): void {
  if (probability === 0) return visit(0, 1);
  const least = 1e-25;
  const odds = probability / (1 - probability);
  const mode = Math.min(trials, Math.floor((trials + 1) * probability));
  let count = mode;
  let mass = binomialMass(trials, probability, mode);
  while (count < trials && mass > least) {
    mass *= ((trials - count) * odds) / (count + 1);
    count += 1;
  }
  for (; count >= 0 && (mass > least || count > mode); count -= 1) {
    visit(count, mass);
    mass *= count / ((trials - count + 1) * odds);
  }
}

function binomialMass(trials: number, probability: number, count: number): number {
  const logWays = -Math.log(trials + 1) - logBeta(count + 1, trials - count + 1);
  return Math.exp(logWays + count * Math.log(probability) + (trials - count) * Math.log1p(-probability));
}

function checkShuffle({ epsilon, responders, delta }: ShuffledReports): void {
  checkIn('epsilon', epsilon, '(0, 20]');
  checkProbability({ delta });
  checkPositiveInteger({ responders });
}
