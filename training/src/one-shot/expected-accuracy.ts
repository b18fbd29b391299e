import { gaussianEpsilon, gaussianNoiseMultiplier } from '@chorale/privacy';
import { accuracyTable } from './expected-accuracy-table.ts';
import { checkCount } from './row-bound.ts';

export type OneShotAlgorithm = 'gram-matrix' | 'class-mean-difference' | 'label-randomized-response';

/** A one-shot training to plan. */
export type OneShotPlanOptions = {
  algorithm: OneShotAlgorithm;
  /** Noise on every contribution, or only on the sum of all; labels are always noised one by one. */
  mode: 'local' | 'distributed';
  clients: number;
  /** Inputs of the model, each category counting as one. */
  features: number;
  epsilon: number;
  /** In (0, 1), for noise on the sum; what is local is pure. */
  delta: number;
};

/** What to expect of it: what was measured on made-up employees, between the measured points. */
export type OneShotPlan = {
  algorithm: OneShotAlgorithm;
  mode: 'local' | 'distributed';
  epsilon: number;
  /** 0 where the mechanism is pure. */
  delta: number;
  neighboringRelation: 'replace-one';
  privacyUnit: 'employee';
  protects: 'record' | 'label';
  /** Of what a central model without noise gains over guessing: (AUC - 1/2) over the same of the central model. */
  shareOfCentral: number;
  auc: number;
  centralAuc: number;
  verdict: 'hopeless' | 'rough' | 'usable';
  /** How many clients make it usable, if any measured number does. */
  usableClients: number | null;
};

/** Shares of the central model's gain, as for rounds: a ranking that hardly helps, and one nearly as good. */
const thresholds = { hopeless: 0.4, usable: 0.8 };

/**
 * Looks a training up. More clients or a larger epsilon than were measured count as the most that were.
 *
 * @throws {RangeError} for more features, fewer clients or a smaller epsilon than were measured, and for a mode that the
 *   algorithm does not have
 */
export function planOneShot({ algorithm, mode, clients, features, epsilon, delta }: OneShotPlanOptions): OneShotPlan {
  checkCount('clients', clients);
  checkCount('features', features);
  if (!(epsilon > 0 && epsilon < Infinity)) throw new RangeError(`epsilon must be finite and > 0, got ${epsilon}`);
  if (!(delta > 0 && delta < 1)) throw new RangeError(`delta must be in (0, 1), got ${delta}`);
  const modes: Partial<Record<'local' | 'distributed', Shares>> = accuracyTable.shareOfCentral[algorithm];
  const shares = modes[mode];
  if (shares === undefined) throw new RangeError(`mode must be ${Object.keys(modes).join(' or ')}, got ${mode}`);
  const most = accuracyTable.features.at(-1)!;
  if (features > most)
    throw new RangeError(`features must be at most ${most}, the most that were measured, got ${features}`);

  // The same noise at the table's delta has another epsilon.
  const atTable =
    mode === 'distributed'
      ? gaussianEpsilon({ noiseMultiplier: gaussianNoiseMultiplier({ epsilon, delta }), delta: accuracyTable.delta })
      : epsilon;
  const least = accuracyTable.epsilon[0]!;
  // The way there and back may end a little below.
  if (atTable < least * (1 - 1e-9)) {
    throw new RangeError(`epsilon must be at least ${least}, the least that was measured, got ${epsilon}`);
  }
  const fewest = accuracyTable.clients[0]!;
  if (clients < fewest) {
    throw new RangeError(`clients must be at least ${fewest}, the fewest that were measured, got ${clients}`);
  }

  const byFeatures = <T>(rows: readonly T[], read: (row: T) => number): number =>
    between(accuracyTable.features, features, (i) => read(rows[i]!));
  const shareWith = (people: number): number =>
    byFeatures(shares, (byClients) =>
      between(accuracyTable.clients, people, (i) => between(accuracyTable.epsilon, atTable, (j) => byClients[i]![j]!)),
    );
  const shareOfCentral = shareWith(clients);
  const centralAuc = byFeatures(accuracyTable.centralAuc, (row) =>
    between(accuracyTable.clients, clients, (i) => row[i]!),
  );
  const { hopeless, usable } = thresholds;
  return {
    algorithm,
    mode,
    epsilon,
    delta: mode === 'distributed' ? delta : 0,
    neighboringRelation: 'replace-one',
    privacyUnit: 'employee',
    protects: algorithm === 'label-randomized-response' ? 'label' : 'record',
    shareOfCentral,
    auc: 0.5 + shareOfCentral * (centralAuc - 0.5),
    centralAuc,
    verdict: shareOfCentral >= usable ? 'usable' : shareOfCentral >= hopeless ? 'rough' : 'hopeless',
    usableClients: fewestUsable(shareWith),
  };
}

/** How good a one-shot training will be, in one sentence or two for the person who plans it. */
export function oneShotVerdict({
  verdict,
  shareOfCentral,
  auc,
  centralAuc,
  protects,
  usableClients,
}: OneShotPlan): string {
  const word = { usable: 'Usable', rough: 'Rough', hopeless: 'Hopeless' }[verdict];
  const share = `the model gains ${percent(shareOfCentral)} of what one without noise gains over guessing`;
  const example = `with made-up employees an area under the curve of ${hundredths(auc)} instead of ${hundredths(centralAuc)}`;
  const largest = accuracyTable.clients.at(-1)!.toLocaleString('en');
  const needed =
    usableClients === null ? `more than ${largest} clients` : `${usableClients.toLocaleString('en')} clients`;
  const advice = verdict === 'usable' ? '' : `; ${percent(thresholds.usable)} would be usable, which takes ${needed}`;
  const warning = protects === 'label' ? ' Only the label is protected: whoever trains holds the features.' : '';
  return `${word}: ${share}, ${example}${advice}.${warning}`;
}

type Shares = readonly (readonly (readonly number[])[])[];

/** Linear in the logarithm between the points of a scale; the outermost values beyond them. */
function between(scale: readonly number[], at: number, valueOf: (index: number) => number): number {
  const above = scale.findIndex((point) => point >= at);
  if (above === -1) return valueOf(scale.length - 1);
  if (above === 0) return valueOf(0);
  const [low, high] = [scale[above - 1]!, scale[above]!];
  const share = Math.log(at / low) / Math.log(high / low);
  return (1 - share) * valueOf(above - 1) + share * valueOf(above);
}

/** The fewest clients, to two digits, that make it usable. */
function fewestUsable(shareWith: (clients: number) => number): number | null {
  const [first, last] = [accuracyTable.clients[0]!, accuracyTable.clients.at(-1)!];
  // Steps of less than a tenth, each rounded up to two digits.
  for (let clients = first; clients <= last; clients = roundUp(clients * 1.05)) {
    if (shareWith(clients) >= thresholds.usable) return clients;
  }
  return shareWith(last) >= thresholds.usable ? last : null;
}

function roundUp(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / unit) * unit;
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}

function hundredths(value: number): string {
  return value.toFixed(2).replace(/^0/, '');
}
