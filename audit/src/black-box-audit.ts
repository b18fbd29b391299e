import { normalQuantile } from '@chorale/privacy/numerics';
import { type RandomSource, secureRandom } from '@chorale/privacy';
import { auditTrials } from './audit-power.ts';
import { epsilonLowerBound } from './epsilon-lower-bound.ts';
import { ReportCounts, type AuditedMechanism, type Letter } from './report-counts.ts';

/** How a mechanism is audited. */
export interface AuditOptions<Input, Report> extends AuditedMechanism<Input, Report> {
  /** Claimed, finite and > 0. */
  readonly epsilon: number;
  /** Draws in all, half of them to choose events and half to count them; as many as are needed unless given. */
  readonly samples?: number | undefined;
  /** Of the whole audit, in (0, 1); 1 - 1e-6 unless given. */
  readonly confidence?: number | undefined;
  readonly random?: RandomSource | undefined;
  /** Called now and then with the draws made so far. */
  readonly onProgress?: ((drawn: number) => void) | undefined;
}

/** What an audit found out from reports alone. */
export interface BlackBoxAudit {
  readonly epsilonClaimed: number;
  /** With the stated confidence the mechanism loses at least this much, replace-one on the input. */
  readonly epsilonLowerBound: number;
  readonly neighboringRelation: 'replace-one';
  readonly confidence: number;
  /** Whether the verdict is `sound`. */
  readonly passed: boolean;
  /**
   * `sound` where the bound lies between nine tenths of the claim and the claim; `exceeds-claim` above it.
   *
   * `too-little-shown` says nothing against the mechanism's privacy: the draws were too few for so large an epsilon or so
   * many inputs, or the mechanism loses less than it claims, or the inputs are not where it loses most.
   */
  readonly verdict: 'sound' | 'exceeds-claim' | 'too-little-shown';
  /** Draws in all. */
  readonly samples: number;
}

/** How much of the claim must be shown: an audit that shows less may have looked in the wrong place. */
const shownShare = 0.9;
const defaultConfidence = 1 - 1e-6;
/** How often an audit of a right mechanism shows too little. */
const missed = 1e-6;
const firstDraws = 1_000;
const mostSamples = 4e7;

/**
 * Audits a mechanism from its reports: for each ordered pair of inputs two events are chosen on some draws, and counted
 * on others, and the loss between the two inputs is bounded from below. One event is where the loss shows best; the other
 * one are all letters that only the first input has given so far, so that a rare report that gives the input away is found
 * where it is counted some 30 e^epsilon times. Letters that never come twice, such as a leak beside a random string, need
 * `project`.
 *
 * A correct mechanism fails with a probability of at most 1 - confidence because of its bound. Without `samples` it
 * fails about once in a million more because too little is shown, unless 4e7 draws do not suffice: those of randomized
 * response over two to four letters do up to an epsilon of 12.
 *
 * @throws {RangeError} for fewer than two inputs, an epsilon, confidence or number of samples out of range
 * @throws {TypeError} for a report that is no number or string, without `project`
 */
export function auditMechanism<Input, Report>(options: AuditOptions<Input, Report>): BlackBoxAudit {
  const { inputs, epsilon, samples, confidence = defaultConfidence, random = secureRandom(), onProgress } = options;
  if (inputs.length < 2) throw new RangeError(`inputs must hold at least two inputs, got ${inputs.length}`);
  if (!(epsilon > 0 && epsilon < Infinity)) throw new RangeError(`epsilon must be finite and > 0, got ${epsilon}`);
  if (!(confidence > 0 && confidence < 1)) throw new RangeError(`confidence must be in (0, 1), got ${confidence}`);
  if (samples !== undefined && !(Number.isSafeInteger(samples) && samples >= 2 * inputs.length)) {
    throw new RangeError(`samples must be an integer >= ${2 * inputs.length}, got ${samples}`);
  }

  let drawn = 0;
  const draw = (draws: number): ReportCounts<Input, Report> => {
    const counts = new ReportCounts(options);
    counts.draw(draws, random, (made) => onProgress?.(drawn + made));
    drawn += draws * inputs.length;
    return counts;
  };
  const comparisons = allComparisons(inputs.length);
  // By Bonferroni each of two events of each comparison may err by its share.
  const goal = { epsilon, confidence: 1 - (1 - confidence) / (2 * comparisons.length) };
  const z = normalQuantile((1 + goal.confidence) / 2);

  let events: Comparison[];
  let training: ReportCounts<Input, Report>;
  let counts: ReportCounts<Input, Report>;
  if (samples === undefined) {
    // Draws to choose events are doubled until fresh ones say that the chosen events need no more than that.
    training = draw(firstDraws);
    for (;;) {
      events = comparisons.map((pairs) => likelyEvents(training, pairs, z));
      const trial = draw(training.draws);
      const needed = neededDraws(trial, events, { ...goal, z });
      const left = Math.floor((mostSamples - drawn) / inputs.length);
      const isLast = needed <= training.draws || 3 * training.draws > left;
      training.add(trial);
      if (isLast) {
        // What was estimated is not quite what is true; and rare reports take as many draws to count as to be seen.
        counts = draw(Math.max(1, Math.min(left, Math.max(Math.ceil(1.2 * needed), training.draws))));
        break;
      }
    }
  } else {
    const half = Math.floor(samples / (2 * inputs.length));
    training = draw(half);
    events = comparisons.map((pairs) => likelyEvents(training, pairs, z));
    counts = draw(half);
  }

  const bound = Math.max(
    ...[...events, ...comparisons.map((pairs) => unseenEvents(training, pairs))].map((comparison) =>
      epsilonLowerBound({ ...tally(counts, comparison), confidence: goal.confidence }),
    ),
  );
  const verdict = bound > epsilon ? 'exceeds-claim' : bound >= shownShare * epsilon ? 'sound' : 'too-little-shown';
  return {
    epsilonClaimed: epsilon,
    epsilonLowerBound: bound,
    neighboringRelation: 'replace-one',
    confidence,
    passed: verdict === 'sound',
    verdict,
    samples: drawn,
  };
}

/** Two inputs, by index: an event is sought that is likely for the first and unlikely for the second. */
type Pair = readonly [number, number];
type Comparison = readonly { readonly pair: Pair; readonly event: ReadonlySet<Letter> }[];

/**
 * Every ordered pair alone, and all pairs of inputs that are the same number of places apart, together.
 *
 * Counts over several pairs bound their average loss (sum P / sum Q <= max P / Q), which is that of each where a
 * mechanism treats inputs alike: many inputs then need no more draws than two. In one comparison each input is once
 * the first and once the second of a pair, so that no draw is counted twice on a side; and a sum of unlike coins
 * strays from its mean no further than one of like coins (Hoeffding, Annals of Mathematical Statistics 1956).
 */
function allComparisons(inputs: number): Pair[][] {
  const comparisons: Pair[][] = [];
  for (let distance = 1; distance < inputs; distance += 1) {
    const pairs = Array.from({ length: inputs }, (_, first): Pair => [first, (first + distance) % inputs]);
    comparisons.push(pairs, ...pairs.map((pair) => [pair]));
  }
  return comparisons;
}

/**
 * The letters whose frequencies under the two inputs are furthest apart (Neyman and Pearson): as many of them, by
 * falling ratio, as make the lower bound largest.
 */
function likelyEvents<Input, Report>(
  training: ReportCounts<Input, Report>,
  pairs: readonly Pair[],
  z: number,
): Comparison {
  return pairs.map((pair) => ({ pair, event: likelyEvent(training, pair, z) }));
}

/** The letters that training has seen under the first input, and never under the second. */
function unseenEvents<Input, Report>(training: ReportCounts<Input, Report>, pairs: readonly Pair[]): Comparison {
  return pairs.map((pair) => {
    const [likely, unlikely] = training.of(pair);
    return { pair, event: new Set([...likely.keys()].filter((letter) => !unlikely.has(letter))) };
  });
}

function likelyEvent<Input, Report>(training: ReportCounts<Input, Report>, pair: Pair, z: number): ReadonlySet<Letter> {
  const [likely, unlikely] = training.of(pair);
  // Half a count more keeps letters apart that the second input never gave.
  const ratio = (letter: Letter, count: number): number => count / ((unlikely.get(letter) ?? 0) + 0.5);
  const letters = [...likely].sort(([a, countA], [b, countB]) => ratio(b, countB) - ratio(a, countA));
  let hits = 0;
  let falseHits = 0.5;
  let best = -Infinity;
  let size = 0;
  for (const [index, [letter, count]] of letters.entries()) {
    hits += count;
    falseHits += unlikely.get(letter) ?? 0;
    const bound =
      Math.log(hits / falseHits) - z * (deviation(hits, training.draws) + deviation(falseHits, training.draws));
    if (bound > best) {
      best = bound;
      size = index + 1;
    }
  }
  return new Set(letters.slice(0, size).map(([letter]) => letter));
}

/** The standard error of the logarithm of a frequency. */
function deviation(hits: number, trials: number): number {
  return Math.sqrt(Math.max(0, 1 - hits / trials) / hits);
}

function tally<Input, Report>(
  counts: ReportCounts<Input, Report>,
  comparison: Comparison,
): { hits: number; trials: number; falseHits: number; falseTrials: number } {
  let hits = 0;
  let falseHits = 0;
  for (const { pair, event } of comparison) {
    const [likely, unlikely] = counts.of(pair);
    for (const letter of event) {
      hits += likely.get(letter) ?? 0;
      falseHits += unlikely.get(letter) ?? 0;
    }
  }
  const trials = counts.draws * comparison.length;
  return { hits, trials, falseHits, falseTrials: trials };
}

/** Draws under each input with which the best comparison shows what must be shown; at least as many as it was given. */
function neededDraws<Input, Report>(
  counts: ReportCounts<Input, Report>,
  events: readonly Comparison[],
  { epsilon, confidence, z }: { epsilon: number; confidence: number; z: number },
): number {
  const target = shownShare * epsilon;
  const spread = z - normalQuantile(missed / 2);
  let best: { p: number; q: number; pairs: number } | undefined;
  let fewest = Infinity;
  for (const comparison of events) {
    const { hits, falseHits, trials } = tally(counts, comparison);
    const p = Math.min(hits, trials - 0.5) / trials;
    // Luck must not promise more than the claim.
    const q = Math.max(falseHits / trials, p * Math.exp(-epsilon));
    const gap = Math.log(p / q) - target;
    if (!(gap > 0)) continue;
    // A first guess, in standard errors; the best one is then done exactly.
    const needed = ((spread * (deviation(p, 1) + deviation(q, 1))) / gap) ** 2 / comparison.length;
    if (needed < fewest) {
      fewest = needed;
      best = { p, q, pairs: comparison.length };
    }
  }
  return best === undefined ? Infinity : auditTrials({ p: best.p, q: best.q, target, confidence }, missed) / best.pairs;
}
