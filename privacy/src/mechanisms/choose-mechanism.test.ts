import { describe, expect, it } from 'vitest';
import ldp from '../../vectors/ldp.json' with { type: 'json' };
import { chooseChannel, chooseMechanism } from './choose-mechanism.ts';
import { localHashing } from './local-hashing.ts';
import { randomizedResponse, shareVariance } from './randomized-response.ts';
import { subsetSelection } from './subset-selection.ts';
import { unaryEncoding } from './unary-encoding.ts';

const cells = [2, 3, 5, 11, 20, 50, 200, 1024].flatMap((options) =>
  [0.2, 0.5, 1, 2, 4, 8].map((epsilon) => ({ options, epsilon })),
);
const error = ({ options, p, q }: { options: number; p: number; q: number }) =>
  shareVariance({ channel: { p, q }, share: 1 / options, respondents: 1, population: 'fixed' });

const rareError = ({ p, q }: { p: number; q: number }) => (q * (1 - q)) / (p - q) ** 2;

const names = (maximumReportBits?: number) =>
  [12, 200, 1024].map((options) => chooseMechanism({ options, epsilon: 1, maximumReportBits }).mechanism);

describe('chooseMechanism', () => {
  it.each(ldp.rows.frequency)('has no more error than $mechanism at k=$k, epsilon=$eps', (row) => {
    const channel = chooseMechanism({ options: row.k, epsilon: row.eps });
    expect(channel.mechanism).toMatch(/^(randomized-response|subset-selection)$/);
    const variance = shareVariance({ channel, share: row.f, respondents: row.n, population: 'fixed' }) * row.n ** 2;
    expect(variance).toBeLessThanOrEqual(row.var_count_fixed_population * (1 + 1e-12));
  });

  it('chooses the least error among reports that are short enough, the simplest where two are equal', () => {
    for (const parameters of cells) {
      for (const maximumReportBits of [10, 13.3, 40, 60, Infinity]) {
        const chosen = chooseMechanism({ ...parameters, maximumReportBits });
        expect(chosen.reportBits).toBeLessThanOrEqual(maximumReportBits);
        const maximumOutputs = Math.floor(2 ** maximumReportBits * (1 + 1e-12));
        const offered = [
          randomizedResponse(parameters),
          chooseChannel({ ...parameters, maximumOutputs }),
          unaryEncoding(parameters),
          localHashing(parameters),
        ];
        for (const other of offered.filter(({ reportBits }) => reportBits <= maximumReportBits)) {
          expect(error(chosen)).toBeLessThanOrEqual(error(other));
          if (error(chosen) === error(other) && chosen.mechanism !== other.mechanism)
            expect(other.mechanism).not.toBe('randomized-response');
        }
      }
    }
  });

  it('goes from subsets to hashes and bits as alphabets outgrow an integer', () => {
    expect(names()).toEqual(['subset-selection', 'optimized-unary-encoding', 'optimized-unary-encoding']);
    expect(names(60)).toEqual(['subset-selection', 'optimal-local-hashing', 'optimal-local-hashing']);
    expect(names(10)).toEqual(['subset-selection', 'randomized-response', 'randomized-response']);
    expect(chooseMechanism({ options: 2, epsilon: 1 }).mechanism).toBe('randomized-response');
  });

  it('refuses a limit that no report keeps', () => {
    expect(() => chooseMechanism({ options: 8, epsilon: 1, maximumReportBits: 2.9 })).toThrow(
      'maximumReportBits must be >= 3, got 2.9',
    );
    expect(() => chooseMechanism({ options: 8, epsilon: 1, maximumReportBits: Number.NaN })).toThrow('got NaN');
    for (const options of [1, Number.NaN]) {
      expect(() => chooseMechanism({ options, epsilon: 1 })).toThrow('options must be an integer in [2, 1024]');
    }
    expect(() => chooseMechanism({ options: 2, epsilon: 0 })).toThrow('epsilon must be');
    for (let options = 2; options <= 64; options += 1)
      expect(
        chooseMechanism({ options, epsilon: 4, maximumReportBits: Math.log2(options) }).reportBits,
      ).toBeLessThanOrEqual(Math.log2(options));
  });
});

describe('chooseChannel', () => {
  it('chooses the best size for rare letters among those with few enough outputs', () => {
    for (const parameters of cells) {
      for (const maximumOutputs of [1024, 10_000, 1e9]) {
        const chosen = chooseChannel({ ...parameters, maximumOutputs });
        expect(chosen.outputs).toBeLessThanOrEqual(maximumOutputs);
        for (let size = 1; size < Math.min(parameters.options, 6); size += 1) {
          const other = subsetSelection({ ...parameters, size });
          if (other.outputs <= maximumOutputs)
            expect(rareError(chosen)).toBeLessThanOrEqual(rareError(other) * (1 + 1e-12));
        }
      }
    }
    expect(chooseChannel({ options: 102, epsilon: 1, maximumOutputs: 10_000 })).toMatchObject({ size: 2 });
    expect(chooseChannel({ options: 12, epsilon: 1 })).toMatchObject({ mechanism: 'subset-selection', size: 3 });
    expect(chooseChannel({ options: 3, epsilon: 2 }).mechanism).toBe('randomized-response');
    expect(() => chooseChannel({ options: 12, epsilon: 1, maximumOutputs: 11 })).toThrow(
      'maximumOutputs must be >= 12, got 11',
    );
  });
});
