import { fallingRoot } from './search.ts';

/** The logarithm of the gamma function, for x > 0: Stirling's formula and what it leaves out. */
export function logGamma(x: number): number {
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + binet(x);
}

/** Binet's function, with an error below 1e-15: by its asymptotic series (DLMF 5.11.1), where that is good enough. */
function binet(x: number): number {
  // Since ln Gamma(x + 1) = ln Gamma(x) + ln x.
  if (x < 10) return binet(x + 1) + (x + 0.5) * Math.log1p(1 / x) - 1;
  const s = 1 / x ** 2;
  return (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - (s * 691) / 360_360))))) / x;
}

/**
 * ln B(a, b) for a, b > 0, with an error of about 1e-14 even where one of them is in the millions.
 *
 * There ln Gamma(a) and ln Gamma(a + b) are huge and nearly equal. Stirling's formula is subtracted term by term instead:
 * (a + b - 1/2) ln(a + b) - (a - 1/2) ln a = (a - 1/2) ln(1 + b / a) + b ln(a + b).
 */
export function logBeta(a: number, b: number): number {
  if (b > a) return logBeta(b, a);
  const growth = (a - 0.5) * Math.log1p(b / a) + b * (Math.log(a + b) - 1);
  return logGamma(b) - growth + binet(a) - binet(a + b);
}

/**
 * The regularized incomplete beta function I_x(a, b): the distribution function of Beta(a, b).
 *
 * @param x in [0, 1]
 * @param a > 0
 * @param b > 0
 * @param complement 1 - x, for a caller who knows it to more places
 * @see DLMF 8.17.22, evaluated by Lentz's method
 */
export function betaCdf(x: number, a: number, b: number, complement = 1 - x): number {
  if (x <= 0) return 0;
  if (complement <= 0) return 1;
  // The fraction converges fast below the mean; beyond it I_x(a, b) = 1 - I_{1-x}(b, a).
  if (x > (a + 1) / (a + b + 2)) return 1 - betaCdf(complement, b, a, x);
  const logX = x > 0.5 ? Math.log1p(-complement) : Math.log(x);
  const logComplement = x > 0.5 ? Math.log(complement) : Math.log1p(-x);
  const logFront = a * logX + b * logComplement - logBeta(a, b);
  let c = 1;
  let d = 1 / avoidZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m <= 100_000; m += 1) {
    // Two steps of the fraction: its even and its odd coefficient.
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / avoidZero(1 + even * d);
    c = avoidZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / avoidZero(1 + odd * d);
    c = avoidZero(1 + odd / c);
    const change = d * c;
    value *= change;
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return (Math.exp(logFront) * value) / a;
}

function avoidZero(x: number): number {
  return Math.abs(x) < 1e-300 ? 1e-300 : x;
}

/**
 * The x with I_x(a, b) = probability, relative to its own size to about 1e-10.
 *
 * @param probability in [0, 1], better a small one
 * @param a > 0
 * @param b > 0
 */
export function betaQuantile(probability: number, a: number, b: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return 1;
  return fallingRoot(
    (x) => Math.log(probability / betaCdf(x, a, b)),
    [0, 1],
    5e-15,
    (low, high) => high - low <= 4e-16 * high,
  );
}

/**
 * The t^2 with Pr[|T| > t] = probability for Student's distribution.
 *
 * @param probability in (0, 1)
 * @param degreesOfFreedom > 0
 */
export function squaredStudentQuantile(probability: number, degreesOfFreedom: number): number {
  // t^2 / (nu + t^2) is Beta(1/2, nu/2), and nu / (nu + t^2) Beta(nu/2, 1/2): small where t is huge.
  const complement = betaQuantile(probability, degreesOfFreedom / 2, 0.5);
  return (degreesOfFreedom * (1 - complement)) / complement;
}
