import { checkIn, checkInteger, checkOneOf, checkPositive, checkPositiveInteger } from '../numerics/checks.ts';
import { gaussianEpsilon, gaussianNoiseMultiplier } from '../accounting/gaussian-accounting.ts';
import type { PrivacyUnit } from '../accounting/guarantee.ts';
import { privUnit } from '../updates/priv-unit.ts';

/** Where the noise of updates is: on each one, or only on the sum of all, behind secure aggregation. */
export type TrainingMode = 'local' | 'distributed';

export type TrainingMechanism = 'gaussian' | 'privunit';

/** A federated training to plan. */
export interface TrainingPlanOptions {
  /** Who may take part; integer >= 1. */
  readonly clients: number;
  /** Trainable parameters, integer in [1, 1e7 - 1]. */
  readonly dimension: number;
  /** L2 bound of one update, finite and > 0. */
  readonly clippingNorm: number;
  /** Of all updates of one client together, in (0, 20]. */
  readonly epsilon: number;
  /** In (0, 1); PrivUnit does not need it. */
  readonly delta: number;
  /** Integer >= 1. */
  readonly rounds: number;
  readonly mode: TrainingMode;
  /** Clients in each round; by default as many as there are for `roundsPerClient`. */
  readonly cohort?: number | undefined;
  /**
   * In how many rounds a client takes part, in [1, rounds], one epsilon covering all. By default as many as a given
   * cohort takes; without one, a single round with local noise and all rounds with distributed noise, where the same
   * epsilon then pays for sums of everybody.
   */
  readonly roundsPerClient?: number | undefined;
  /** The one with less noise unless given; only `gaussian` for distributed noise. */
  readonly mechanism?: TrainingMechanism | undefined;
  /** Updates that a sum needs for its full noise, in [1, cohort], the cohort unless given; for distributed noise only. */
  readonly minimumSurvivors?: number | undefined;
  readonly privacyUnit?: PrivacyUnit | undefined;
}

/** What to expect of a training before it starts. */
export interface TrainingPlan {
  readonly mode: TrainingMode;
  readonly mechanism: TrainingMechanism;
  readonly cohort: number;
  readonly roundsPerClient: number;
  readonly clippingNorm: number;
  /** Noise stddev over sensitivity, of an update (local) or of a sum (distributed); PrivUnit has none. */
  readonly noiseMultiplier: number | null;
  /** Of one update, at the same delta. */
  readonly epsilonPerRound: number;
  /** Of all updates of one client. */
  readonly epsilon: number;
  /** 0 for PrivUnit. */
  readonly delta: number;
  readonly neighboringRelation: 'replace-one';
  readonly privacyUnit: PrivacyUnit;
  /** L2 norm of the noise in the mean of one round's updates, the whole cohort reporting: root of its mean square. */
  readonly noiseNorm: number;
  /** The largest possible norm of that mean, which is the clipping norm, over `noiseNorm`. */
  readonly signalToNoise: number;
  /** The same over all rounds, whose signals add up while their noise partly cancels. */
  readonly totalSignalToNoise: number;
  /** A total from which on it is usable. */
  readonly usableSignalToNoise: number;
  /** Clients in each round with whom it would be that, as many rounds for each as now; need not be an integer. */
  readonly usableCohort: number;
  readonly verdict: 'hopeless' | 'rough' | 'usable';
}

/**
 * Forecasts how much of a training is noise. It knows nothing of the data: a verdict compares with what was measured.
 *
 * @throws {RangeError} for an argument out of range, a cohort that takes more clients than there are, and PrivUnit or
 *   minimumSurvivors in a mode that has no use for them
 */
export function planTraining(options: TrainingPlanOptions): TrainingPlan {
  const { clients, dimension, clippingNorm, epsilon, delta, rounds, mode, privacyUnit = 'employee' } = options;
  checkPositiveInteger({ clients, rounds });
  checkInteger('dimension', dimension, '[1, 9999999]');
  checkPositive({ clippingNorm });
  checkIn('epsilon', epsilon, '(0, 20]');
  checkOneOf('mode', mode, 'local', 'distributed');
  const [cohort, roundsPerClient] = cohortOf(options);
  const survivors = options.minimumSurvivors;
  if (mode === 'local' && survivors !== undefined) {
    throw new RangeError(`minimumSurvivors must be left out in local mode, got ${survivors}`);
  }
  checkInteger('minimumSurvivors', survivors ?? cohort, `[1, ${cohort}]`);

  const noiseMultiplier = gaussianNoiseMultiplier({ epsilon, delta, steps: roundsPerClient });
  // Replace-one changes an update, and a sum, by twice the clipping norm at most.
  const noiseStddev = noiseMultiplier * 2 * clippingNorm;
  // Squared norm of the noise in one client's share of the sum. With distributed noise the cohort makes a sum's full
  // noise out of every minimumSurvivors shares.
  const gaussian = (dimension * noiseStddev ** 2) / (mode === 'local' ? 1 : (survivors ?? cohort));
  // What PrivUnit refuses for so small a share of epsilon is no choice, unless it is asked for.
  const share = epsilon / roundsPerClient;
  const triesPure = options.mechanism === 'privunit' || (options.mechanism === undefined && share >= 1e-6);
  const pure =
    mode === 'local' && triesPure ? privUnit({ dimension, epsilon: share, clippingNorm }).squaredError : Infinity;
  const mechanism = options.mechanism ?? (pure < gaussian ? 'privunit' : 'gaussian');
  checkOneOf(`mechanism in ${mode} mode`, mechanism, 'gaussian', ...(mode === 'local' ? ['privunit'] : []));
  const isPure = mechanism === 'privunit';

  const noiseNorm = Math.sqrt((isPure ? pure : gaussian) / cohort);
  const signalToNoise = clippingNorm / noiseNorm;
  const totalSignalToNoise = signalToNoise * Math.sqrt(rounds);
  const [hopeless, usable] = thresholds(mode, dimension);
  return {
    mode,
    mechanism,
    cohort,
    roundsPerClient,
    clippingNorm,
    noiseMultiplier: isPure ? null : noiseMultiplier,
    epsilonPerRound: isPure ? share : gaussianEpsilon({ noiseMultiplier, delta }),
    epsilon,
    delta: isPure ? 0 : delta,
    neighboringRelation: 'replace-one',
    privacyUnit,
    noiseNorm,
    signalToNoise,
    totalSignalToNoise,
    usableSignalToNoise: usable,
    // In a mean noise falls with the root of the clients, and with their number where they all share that of one sum.
    usableCohort: cohort * (usable / totalSignalToNoise) ** (mode === 'distributed' && survivors === undefined ? 1 : 2),
    verdict: totalSignalToNoise >= usable ? 'usable' : totalSignalToNoise >= hopeless ? 'rough' : 'hopeless',
  };
}

// Which clients a round has: from either number the other follows.
function cohortOf({
  clients,
  rounds,
  mode,
  cohort,
  roundsPerClient,
}: TrainingPlanOptions): [cohort: number, roundsPerClient: number] {
  if (cohort !== undefined) checkInteger('cohort', cohort, `[1, ${clients}]`);
  const byDefault = mode === 'local' ? 1 : rounds;
  const participations = roundsPerClient ?? (cohort === undefined ? byDefault : Math.ceil((cohort * rounds) / clients));
  checkInteger('roundsPerClient', participations, `[1, ${rounds}]`);
  const most = Math.floor((clients * participations) / rounds);
  checkInteger('rounds', rounds, `[1, ${clients * participations}]`);
  checkInteger('cohort', cohort ?? most, `[1, ${most}]`);
  return [cohort ?? most, participations];
}

/*
 * Where training is hopeless and usable, in terms of the total signal to noise. Measured: logistic regression on 20
 * synthetic features (accuracy), and on 50 of the IBM attrition data (AUC), as the share of what training without noise
 * gains over guessing:
 *   noise on sums:        8 -> .35, 13 -> .7, 27 -> .8, 28 -> .85, 52 -> .9, 80 -> .95, 95 -> .97, 170 -> 1
 *   local, 21 parameters: 9 -> .3, 17 -> .6, 34 -> .85, 55 -> .95, 108 -> .99
 *   local, 50 parameters: 8 -> .3, 18 -> .45, 35 -> .55, 69 -> .7, 126 -> .7, at epsilon 8 and 100,000 clients
 * With local noise more parameters take a larger ratio: single gradients point everywhere, so that their mean is a small
 * part of the clipping norm, and more rounds share the clients. The power 3/2 joins the two measured sizes.
 */
function thresholds(mode: TrainingMode, dimension: number): [hopeless: number, usable: number] {
  const local = mode === 'local' ? 150 * (dimension / 50) ** 1.5 : 0;
  return [Math.max(8, local), Math.max(20, 2 * local)];
}
