import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { negacyclicPower, transform } from './fft.ts';

const part = fc.double({ min: -1, max: 1, noNaN: true });
const signal = fc.constantFrom(2, 8, 32).chain((size) => {
  const values = fc.array(part, { minLength: size, maxLength: size });
  return fc.tuple(values, values);
});
const far = (found: ArrayLike<number>, wanted: ArrayLike<number>): number =>
  Math.max(...Array.from(found, (value, index) => Math.abs(value - wanted[index]!)));

/** The product of two polynomials modulo x^N + 1, term by term. */
function negacyclicProduct(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  const product = new Float64Array(a.length);
  for (const [i, left] of a.entries()) {
    for (const [j, right] of b.entries()) {
      if (i + j < a.length) product[i + j]! += left * right;
      else product[i + j - a.length]! -= left * right;
    }
  }
  return product;
}

describe('the Fourier transform', () => {
  it('is the sum that defines it', () => {
    fc.assert(
      fc.property(signal, ([re, im]) => {
        const size = re.length;
        const [real, imaginary] = transform([Float64Array.from(re), Float64Array.from(im)]);
        for (let k = 0; k < size; k += 1) {
          let sumReal = 0;
          let sumImaginary = 0;
          for (let j = 0; j < size; j += 1) {
            const angle = (-2 * Math.PI * j * k) / size;
            sumReal += re[j]! * Math.cos(angle) - im[j]! * Math.sin(angle);
            sumImaginary += re[j]! * Math.sin(angle) + im[j]! * Math.cos(angle);
          }
          expect(Math.hypot(real[k]! - sumReal, imaginary[k]! - sumImaginary)).toBeLessThan(1e-12);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('comes back by the same with both parts swapped', () => {
    fc.assert(
      fc.property(signal, ([re, im]) => {
        const [real, imaginary] = transform([Float64Array.from(re), Float64Array.from(im)]);
        const [again, back] = transform([imaginary, real]).map((values) => values.map((value) => value / re.length));
        expect(Math.max(far(back!, re), far(again!, im))).toBeLessThan(1e-14);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a power modulo x^N + 1', () => {
  it('is repeated multiplication, within the error that it states', () => {
    fc.assert(
      fc.property(signal, fc.integer({ min: 1, max: 12 }), ([a, b], exponent) => {
        const coefficients = Float64Array.from([...a, ...b]);
        const norm = coefficients.reduce((sum, value) => sum + Math.abs(value), 0);
        if (norm === 0) return;
        for (let index = 0; index < coefficients.length; index += 1) coefficients[index]! /= norm;
        let wanted = coefficients;
        for (let times = 1; times < exponent; times += 1) wanted = negacyclicProduct(wanted, coefficients);
        const found = coefficients.slice();
        const error = negacyclicPower(found, exponent);
        expect(far(found, wanted)).toBeLessThanOrEqual(error);
        expect(error).toBeLessThan(1e-12);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps its bound where nothing fades: a single x to the power of a million', () => {
    const coefficients = new Float64Array(1024);
    coefficients[1] = 1;
    const error = negacyclicPower(coefficients, 1_000_000);
    // x^1000000 = x^(976 * 1024 + 576), and x^1024 = -1.
    const wanted = new Float64Array(1024);
    wanted[576] = 1;
    expect(far(coefficients, wanted)).toBeLessThanOrEqual(error);
    expect(error).toBeLessThan(1e-6);
  });
});
