type Complex = readonly [real: Float64Array, imaginary: Float64Array];

/** Cosines and sines for one size: of the multiples of 2 pi / size below pi, and of those of pi / (2 size) below pi / 2. */
type Turns = readonly [
  size: number,
  cosines: Float64Array,
  sines: Float64Array,
  twistCosines: Float64Array,
  twistSines: Float64Array,
];

// Calls come in rows of one size, and computing the turns takes as long as a transform.
let latest: Turns | undefined;

function turnsOf(size: number): Turns {
  if (latest?.[0] === size) return latest;
  // One quarter turn has them all: sines are its cosines from the other end, and beyond it cosines are negative.
  const cosines = new Float64Array(size + 1).map((_, index) => Math.cos((Math.PI * index) / (2 * size)));
  const half = new Float64Array(size / 2).map((_, index) => 4 * index);
  latest = [
    size,
    half.map((turn) => (turn > size ? -cosines[2 * size - turn]! : cosines[turn]!)),
    half.map((turn) => cosines[Math.abs(size - turn)]!),
    cosines,
    cosines.toReversed(),
  ];
  return latest;
}

/**
 * The discrete Fourier transform: X_k = sum over j of x_j e^(-2 pi i j k / size). The real and the imaginary part swapped,
 * before and after, make it the inverse times the size. Its error is below 10 u log2(size) times the Euclidean norm of X,
 * with u = 2^-53.
 *
 * @param signal its length a power of two; it is used up
 * @see Stockham's form, whose passes write side by side what the next one reads, in Van Loan, Computational Frameworks
 *   for the Fast Fourier Transform, 1992, section 1.7; Higham, Accuracy and Stability of Numerical Algorithms, 2002,
 *   theorem 24.2 for the error
 */
export function transform(signal: Complex): Complex {
  const size = signal[0].length;
  const [, cosines, sines] = turnsOf(size);
  let from = signal;
  let to: Complex = [new Float64Array(size), new Float64Array(size)];
  // Even frequencies are the transform of the sums of both halves, odd ones that of their twisted differences.
  for (let stride = 1; stride < size; stride *= 2) {
    const [real, imaginary] = from;
    const [nextReal, nextImaginary] = to;
    for (let turn = 0; turn < size / 2; turn += stride) {
      const cosine = cosines[turn]!;
      const sine = sines[turn]!;
      for (let low = turn; low < turn + stride; low += 1) {
        const high = low + size / 2;
        const even = low + turn;
        const odd = even + stride;
        const differenceReal = real[low]! - real[high]!;
        const differenceImaginary = imaginary[low]! - imaginary[high]!;
        nextReal[even] = real[low]! + real[high]!;
        nextImaginary[even] = imaginary[low]! + imaginary[high]!;
        nextReal[odd] = differenceReal * cosine + differenceImaginary * sine;
        nextImaginary[odd] = differenceImaginary * cosine - differenceReal * sine;
      }
    }
    [from, to] = [to, from];
  }
  return from;
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
  const [, , , cosines, sines] = turnsOf(size);
  const twisted = [new Float64Array(size), new Float64Array(size)] as const;
  for (let index = 0; index < size; index += 1) {
    const low = coefficients[index]!;
    const high = coefficients[index + size]!;
    twisted[0][index] = low * cosines[index]! - high * sines[index]!;
    twisted[1][index] = low * sines[index]! + high * cosines[index]!;
  }
  const [real, imaginary] = transform(twisted);
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
  const [high, low] = transform([imaginary, real]);
  for (let index = 0; index < size; index += 1) {
    coefficients[index] = (low[index]! * cosines[index]! + high[index]! * sines[index]!) / size;
    coefficients[index + size] = (high[index]! * cosines[index]! - low[index]! * sines[index]!) / size;
  }
  // With z the exact values at the points, |d z^T| <= T |z|^(T-1) |dz|. By Cauchy and Schwarz and Parseval every
  // coefficient is off by at most T |dz| |z^(T-1)| / M in Euclidean norms, where |dz| <= 10 u log2(M) sqrt(M) from the
  // transform. The powers (6 u T |z|^T each), the inverse and the twists add less than twice that again.
  return exponent * Math.log2(size) * 2 ** -48 * Math.sqrt(squaredNorm / size);
}
