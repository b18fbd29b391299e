/** The powers of e^(-2 pi i / size) below half a turn, and those of e^(pi i / (2 size)) below a quarter. */
interface Roots {
  readonly size: number;
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  readonly twistCosines: Float64Array;
  readonly twistSines: Float64Array;
}

// Calls come in rows of one size, and computing the roots takes as long as a transform.
let latest: Roots | undefined;

function rootsOf(size: number): Roots {
  if (latest?.size === size) return latest;
  const half = new Float64Array(size / 2);
  const whole = new Float64Array(size);
  latest = {
    size,
    cosines: half.map((_, index) => Math.cos((2 * Math.PI * index) / size)),
    sines: half.map((_, index) => -Math.sin((2 * Math.PI * index) / size)),
    twistCosines: whole.map((_, index) => Math.cos((Math.PI * index) / (2 * size))),
    twistSines: whole.map((_, index) => Math.sin((Math.PI * index) / (2 * size))),
  };
  return latest;
}

/**
 * The discrete Fourier transform in place: X_k = sum over j of x_j e^(-2 pi i j k / size), left in bit-reversed order
 * (which a pointwise product does not mind). Its error is below 10 u log2(size) times the Euclidean norm of X, with
 * u = 2^-53.
 *
 * @param real length a power of two
 * @param imaginary of the same length
 * @see Gentleman and Sande, Fast Fourier transforms for fun and profit, 1966; Higham, Accuracy and Stability of
 *   Numerical Algorithms, 2002, theorem 24.2 for the error
 */
export function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  const { cosines, sines } = rootsOf(size);
  // Halving: even frequencies are the transform of the sums of both halves, odd ones that of their twisted differences.
  for (let half = size / 2, stride = 1; half >= 1; half /= 2, stride *= 2) {
    for (let start = 0; start < size; start += 2 * half) {
      for (let low = start, root = 0; low < start + half; low += 1, root += stride) {
        const high = low + half;
        const differenceReal = real[low]! - real[high]!;
        const differenceImaginary = imaginary[low]! - imaginary[high]!;
        real[low]! += real[high]!;
        imaginary[low]! += imaginary[high]!;
        const cosine = cosines[root]!;
        const sine = sines[root]!;
        real[high] = differenceReal * cosine - differenceImaginary * sine;
        imaginary[high] = differenceReal * sine + differenceImaginary * cosine;
      }
    }
  }
}

/** The inverse of `transform`, from its bit-reversed order back. */
export function inverseTransform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  const { cosines, sines } = rootsOf(size);
  for (let half = 1, stride = size / 2; half < size; half *= 2, stride /= 2) {
    for (let start = 0; start < size; start += 2 * half) {
      for (let low = start, root = 0; low < start + half; low += 1, root += stride) {
        const high = low + half;
        const cosine = cosines[root]!;
        const sine = sines[root]!;
        const twistedReal = real[high]! * cosine + imaginary[high]! * sine;
        const twistedImaginary = imaginary[high]! * cosine - real[high]! * sine;
        real[high] = real[low]! - twistedReal;
        imaginary[high] = imaginary[low]! - twistedImaginary;
        real[low]! += twistedReal;
        imaginary[low]! += twistedImaginary;
      }
    }
  }
  for (let index = 0; index < size; index += 1) {
    real[index]! /= size;
    imaginary[index]! /= size;
  }
}

/**
 * The `exponent`-th power of the polynomial with these coefficients, modulo x^N + 1, in place: what a power has at
 * x^(j + N) is subtracted at x^j. The absolute values of the coefficients must sum to 1 or less.
 *
 * @param coefficients of x^0 ... x^(N-1); N a power of two, at least 4
 * @param exponent integer >= 1
 * @returns a bound on the error of every coefficient
 * @see Bernstein, Multidigit multiplication for mathematicians, 2001, section 4, the right-angle trick
 */
export function negacyclicPower(coefficients: Float64Array, exponent: number): number {
  // Over the complex numbers x^N + 1 = (x^M - i)(x^M + i) with N = 2 M, and a real polynomial is known from its remainder
  // by the first factor: coefficients c_j + i c_{j+M}. With x = w y, w = e^(pi i / N), that is modulo y^M - 1, where a
  // transform of M points turns the power into M powers of numbers, all within the unit circle.
  const size = coefficients.length / 2;
  const { twistCosines, twistSines } = rootsOf(size);
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  for (let index = 0; index < size; index += 1) {
    const low = coefficients[index]!;
    const high = coefficients[index + size]!;
    real[index] = low * twistCosines[index]! - high * twistSines[index]!;
    imaginary[index] = low * twistSines[index]! + high * twistCosines[index]!;
  }
  transform(real, imaginary);
  // Powers below 1e-40 are left out: most points, where the exponent is large.
  const negligible = exponent === 1 ? 0 : 1e-40 ** (1 / (exponent - 1));
  let squaredNorm = 0;
  for (let index = 0; index < size; index += 1) {
    const modulus = Math.sqrt(real[index]! ** 2 + imaginary[index]! ** 2);
    const power = modulus < negligible ? 0 : modulus ** (exponent - 1);
    const angle = power === 0 ? 0 : Math.atan2(imaginary[index]!, real[index]!) * exponent;
    real[index] = modulus * power * Math.cos(angle);
    imaginary[index] = modulus * power * Math.sin(angle);
    squaredNorm += power ** 2;
  }
  inverseTransform(real, imaginary);
  for (let index = 0; index < size; index += 1) {
    coefficients[index] = real[index]! * twistCosines[index]! + imaginary[index]! * twistSines[index]!;
    coefficients[index + size] = imaginary[index]! * twistCosines[index]! - real[index]! * twistSines[index]!;
  }
  // With z the exact values at the points, |d z^T| <= T |z|^(T-1) |dz|. By Cauchy and Schwarz and Parseval every
  // coefficient is off by at most T |dz| |z^(T-1)| / M in Euclidean norms, where |dz| <= 10 u log2(M) sqrt(M) from the
  // transform. The powers (6 u T |z|^T each), the inverse and the twists add less than twice that again.
  return exponent * Math.log2(size) * 2 ** -48 * Math.sqrt(squaredNorm / size);
}
