import { describe, expect, it } from 'vitest';
import { fitPValue } from '../../testing/chi-square.ts';
import { reportTables } from '../../testing/report-table.ts';
import { seededRandom } from '../../testing/seeded-random.ts';
import ldp from '../../vectors/ldp.json' with { type: 'json' };
import { localHashing } from './local-hashing.ts';
import { randomizedResponse, shareVariance } from './randomized-response.ts';
import { subsetSelection } from './subset-selection.ts';
import { unaryEncoding } from './unary-encoding.ts';

type Row = (typeof ldp.rows.frequency)[number];

/** What a row of the reference is about; where we do not offer it, its own p and q, to check variances with. */
function probabilitiesOf(row: Row): { p: number; q: number } {
  const [options, epsilon] = [row.k, row.eps];
  switch (row.mechanism) {
    case 'warner_rr':
    case 'grr':
      return randomizedResponse({ options, epsilon });
    case 'subset_selection':
    case 'subset_selection_best_omega':
      return subsetSelection({ options, epsilon });
    case 'oue':
      return unaryEncoding({ options, epsilon });
    case 'olh':
      return localHashing({ options, epsilon });
    case 'blh':
    case 'olh_best_g_at_f':
      return localHashing({ options, epsilon, hashValues: row.g! });
    case 'sue':
    case 'the_threshold':
    case 'hadamard_response_high_privacy':
      return { p: row.p!, q: row.q! };
    default:
      throw new TypeError(`no probabilities for ${row.mechanism}`);
  }
}

const pure = ldp.rows.frequency.filter(({ mechanism }) => mechanism !== 'she_laplace');
const close = (found: number, reference: number) => expect(Math.abs(found / reference - 1)).toBeLessThan(1e-12);

describe('reference figures', () => {
  it.each(pure)('$mechanism at k=$k, epsilon=$eps: p, q and variances', (row) => {
    const channel = probabilitiesOf(row);
    close(channel.p, row.p!);
    close(channel.q, row.q!);
    const count = (share: number, population: 'fixed' | 'independent') =>
      shareVariance({ channel, share, respondents: row.n, population }) * row.n ** 2;
    close(count(row.f, 'fixed'), row.var_count_fixed_population);
    close(count(row.f, 'independent'), row.var_count_iid_sampling!);
    close(count(0, 'fixed'), row.var_count_f0_approx!);
  });

  it.each(ldp.rows.frequency.filter(({ omega }) => omega !== undefined))(
    'subset selection names as many letters, at k=$k, epsilon=$eps',
    (row) => expect(subsetSelection({ options: row.k, epsilon: row.eps }).size).toBe(row.omega),
  );

  it.each(ldp.rows.multi_question)('$d questions of $k letters at epsilon $eps, split or one of them', (row) => {
    for (const [name, make] of [
      ['grr', randomizedResponse],
      ['oue', unaryEncoding],
      ['ss', subsetSelection],
    ] as const) {
      const variance = (epsilon: number, respondents: number) =>
        shareVariance({ channel: make({ options: row.k, epsilon }), share: row.f, respondents, population: 'fixed' });
      close(variance(row.eps / row.d, row.n), row.var_freq_split[name]);
      close(variance(row.eps, row.n / row.d), row.var_freq_sample_one[name]);
    }
  });

  it.each(ldp.rows.likert_mean_compare)('the mean of $k points by subset selection, epsilon $eps', (row) => {
    // The size that is best for means, which is not always that for shares.
    const parameters = { options: row.k, epsilon: row.eps, size: row.omega };
    const { channel, reports, probability } = reportTables['subset-selection'](parameters);
    const { p, q } = channel;
    const places = Array.from({ length: row.k }, (_, letter) => (2 * letter) / (row.k - 1) - 1);
    // The unbiased estimate of one report, and its variance for each truth.
    const decoded = reports.map((report) => {
      const support = new Float64Array(row.k);
      channel.addSupport(report, support);
      return support.reduce((sum, supported, letter) => sum + (places[letter]! * (supported - q)) / (p - q), 0);
    });
    const variances = places.map((place, letter) => {
      const moment = (power: number) =>
        decoded.reduce((sum, value, index) => sum + probability(letter, index) * value ** power, 0);
      expect(moment(1)).toBeCloseTo(place, 9);
      return moment(2) - moment(1) ** 2;
    });
    expect(Math.abs(Math.max(...variances) / row.worst_var_mean_via_subset_selection - 1)).toBeLessThan(1e-9);
  });

  // Why it is not offered: its reports are as short as those of local hashing, and say less.
  it.each(ldp.rows.hadamard_general)('Hadamard response has more error at k=$k, epsilon=$eps', (row) => {
    const variance = (channel: { p: number; q: number }) =>
      shareVariance({ channel, share: row.f, respondents: row.n, population: 'fixed' }) * row.n ** 2;
    const parameters = { options: row.k, epsilon: row.eps };
    expect(variance(subsetSelection(parameters))).toBeLessThan(row.var_count_fixed_population);
    if (row.k > 2) expect(variance(localHashing(parameters))).toBeLessThan(row.var_count_fixed_population);
  });
});

const small = [
  { name: 'randomized-response', table: reportTables['randomized-response']({ options: 4, epsilon: 1 }) },
  { name: 'subset-selection', table: reportTables['subset-selection']({ options: 5, epsilon: 1, size: 2 }) },
  { name: 'subset-selection', table: reportTables['subset-selection']({ options: 6, epsilon: 0.8, size: 3 }) },
  { name: 'subset-selection', table: reportTables['subset-selection']({ options: 4, epsilon: 3, size: 3 }) },
  { name: 'optimized-unary-encoding', table: reportTables['optimized-unary-encoding']({ options: 4, epsilon: 1.5 }) },
  {
    name: 'optimal-local-hashing',
    table: reportTables['optimal-local-hashing']({ options: 5, epsilon: 1, hashValues: 3 }),
  },
  {
    name: 'optimal-local-hashing',
    table: reportTables['optimal-local-hashing']({ options: 4, epsilon: 2, hashValues: 6 }),
  },
];

describe.each(small)('$name, all reports of a small alphabet', ({ name, table: { channel, reports, probability } }) => {
  const { options, epsilon } = channel;
  const letters = [...Array(options).keys()];
  const supports = reports.map((report) => {
    const counts = new Float64Array(options);
    channel.addSupport(report, counts);
    return counts;
  });
  /** Pr[all of `supported` are supported | truth]. */
  const joint = (truth: number, supported: readonly number[]) =>
    supports.reduce(
      (sum, support, index) => sum + (supported.every((letter) => support[letter]) ? probability(truth, index) : 0),
      0,
    );

  it('supports the truth, others and pairs of them as often as it says', () => {
    expect(channel.mechanism).toBe(name);
    for (const truth of letters) {
      for (const v of letters) {
        expect(joint(truth, [v])).toBeCloseTo(v === truth ? channel.p : channel.q, 12);
        for (const w of letters.filter((letter) => letter > v)) {
          const pair = v === truth || w === truth ? channel.pairWithTruth : channel.pairWithoutTruth;
          expect(joint(truth, [v, w])).toBeCloseTo(pair, 12);
        }
      }
    }
  });

  it('loses no more than epsilon, and hardly less', () => {
    let largest = 0;
    for (const index of reports.keys()) {
      const chances = letters.map((letter) => probability(letter, index));
      largest = Math.max(largest, Math.log(Math.max(...chances) / Math.min(...chances)));
    }
    expect(largest).toBeCloseTo(channel.realizedEpsilon, 12);
    expect(channel.realizedEpsilon).toBeLessThanOrEqual(epsilon);
    expect(epsilon - channel.realizedEpsilon).toBeLessThan(1e-12);
    expect(channel.reportBits).toBeCloseTo(Math.log2(reports.length), 12);
  });

  it('reports as often as the table says, for every truth', () => {
    const random = seededRandom(1);
    const at = new Map(reports.map((report, index) => [JSON.stringify(report), index]));
    for (const truth of [0, 1, options - 1]) {
      const counts = reports.map(() => 0);
      for (let draw = 0; draw < 100_000; draw += 1)
        counts[at.get(JSON.stringify(channel.privatize(truth, random)))!]! += 1;
      const exact = reports.map((_, index) => probability(truth, index));
      expect(fitPValue(counts, exact)).toBeGreaterThan(1e-9);
      // Power: a tenth less of the difference between truth and lie fails the same test.
      const average = exact.map(
        (_, index) => letters.reduce((sum, letter) => sum + probability(letter, index), 0) / options,
      );
      expect(
        fitPValue(
          counts,
          exact.map((chance, index) => 0.9 * chance + 0.1 * average[index]!),
        ),
      ).toBeLessThan(1e-9);
    }
  });

  it('draws as many words for every truth', () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const words = letters.map((letter) => {
        const random = seededRandom(seed);
        channel.privatize(letter, random);
        return random.wordsDrawn;
      });
      expect(new Set(words).size).toBe(1);
    }
  });

  it('refuses letters that it does not have before anything is drawn', () => {
    const random = seededRandom(1);
    for (const letter of [-1, options, 0.5, Number.NaN])
      expect(() => channel.privatize(letter, random)).toThrow(RangeError);
    expect(random.wordsDrawn).toBe(0);
  });
});

describe('reports that no device makes', () => {
  const counts = new Float64Array(5);
  const refuse = (add: () => void, message: string) => {
    expect(add).toThrow(message);
    expect(counts.every((count) => count === 0)).toBe(true);
  };

  it('are not counted', () => {
    const parameters = { options: 5, epsilon: 1 };
    const subsets = subsetSelection({ ...parameters, size: 2 });
    for (const report of [-1, 10, 1.5, Number.NaN])
      refuse(() => subsets.addSupport(report, counts), 'report must be an integer in [0, 9]');
    refuse(() => randomizedResponse(parameters).addSupport(5, counts), 'report must be an integer in [0, 4], got 5');
    const unary = unaryEncoding(parameters);
    refuse(() => unary.addSupport(Uint8Array.of(1, 0, 1, 0), counts), 'report must hold 5 numbers, got 4');
    refuse(() => unary.addSupport(Uint8Array.of(1, 0, 1, 0, 2), counts), 'report must be an integer in [0, 1], got 2');
    const holes: number[] = [];
    holes.length = 5;
    refuse(
      () => unary.addSupport(holes as unknown as Uint8Array, counts),
      'report must be an integer in [0, 1], got undefined',
    );
    const hashing = localHashing(parameters);
    refuse(() => hashing.addSupport({ seed: [1, 2], value: 0 }, counts), 'seed must hold 3 numbers, got 2');
    refuse(() => hashing.addSupport({ seed: [1, 2, 4], value: 0 }, counts), 'seed must be an integer in [0, 3]');
    refuse(() => hashing.addSupport({ seed: [1, 2, 3], value: 4 }, counts), 'value must be an integer in [0, 3]');
  });

  it('refuses parameters out of range', () => {
    for (const make of [randomizedResponse, subsetSelection, unaryEncoding, localHashing]) {
      for (const options of [1, 1025, 2.5, Number.NaN])
        expect(() => make({ options, epsilon: 1 })).toThrow(`options must be an integer in [2, 1024], got ${options}`);
      for (const epsilon of [0, -1, 1e-19, 9e-7, 20.1, Number.NaN])
        expect(() => make({ options: 2, epsilon })).toThrow(`epsilon must be in [1e-6, 20], got ${epsilon}`);
      // At the least epsilon, truth and lie still differ.
      const least = make({ options: 40, epsilon: 1e-6 });
      expect(least.p).toBeGreaterThan(least.q);
      expect(least.realizedEpsilon).toBeGreaterThan(0.99e-6);
    }
    for (const hashValues of [1, 2.5, 2 ** 31 + 1])
      expect(() => localHashing({ options: 2, epsilon: 1, hashValues })).toThrow('hashValues must be');
  });
});
