import type { Manifest } from './manifest.ts';
import type { StudyState } from './oversight.ts';
import type { Label } from './training-task.ts';

/** One estimated number with its 95% interval; shares in [0, 1], scores and means on their own scale. */
export type Estimate = { id: string; label: string; value: number; lower: number; upper: number };

/**
 * Why a cell shows no number: no block is full; the margin is too wide; or full blocks are held back, because the people
 * in them are too nearly those of numbers that other waves of the series have published.
 */
export type SuppressionReason = 'too-few' | 'too-uncertain' | 'too-similar';

/** An estimate that was moved towards what all groups have in common, small and noisy groups most. */
export type ShrunkenEstimate = Estimate & {
  /** How much the group's own answers count, in [0, 1]. */
  weight: number;
};

/** What may be said of one question in one group. */
export type ResultCell =
  | {
      state: 'published';
      /** `null` is all published groups together. */
      group: string | null;
      /** Respondents behind the numbers; a multiple of the minimum group size. */
      respondents: number;
      estimates: Estimate[];
      /**
       * The same estimate, shrunken; `null` for all groups together, for distributions, and where fewer than four groups
       * have numbers.
       */
      shrunken: ShrunkenEstimate[] | null;
      /** Noise-free respondents that would give the same margin: what the noise costs. */
      effectiveRespondents: number;
    }
  | { state: 'suppressed'; group: string | null; reason: SuppressionReason };

/** How different the groups are in one estimate, beyond what noise and chance explain. */
export type GroupSpread = {
  /** `id` of the estimate. */
  estimate: string;
  mean: number;
  /** Standard deviation between the groups' true values. */
  betweenStddev: number;
  /** How likely estimates of groups that are all alike differ at least this much. */
  pValue: number;
  /** Whether they can be told apart at all; if not, they should not be ranked. */
  distinguishable: boolean;
};

/** A value of somebody else, for comparison. */
export type ShownBenchmark = { estimate: string; value: number; source: string; year: number };

/** How many of a group took part, whatever they were asked. */
export type Participation = {
  /** `null` is all groups together. */
  group: string | null;
  /** Reports in whole blocks; a multiple of the minimum group size. */
  participants: number;
  /** People who were invited, as the manifest says; `null` where it does not. */
  headcount: number | null;
  /** Bounds of the share that took part, in [0, 1]: reports in an open block are not counted. */
  rate: { lower: number; upper: number } | null;
};

export type QuestionResult = {
  question: string;
  text: string;
  report: 'favourable' | 'distribution' | 'mean' | 'enps';
  /** Lowest and highest value that an estimate can truly have. */
  range: [number, number];
  mechanism: string;
  epsilon: number;
  realizedEpsilon: number;
  cells: ResultCell[];
  /** Of the one estimate; empty for distributions, and where fewer than four groups have numbers. */
  spread: GroupSpread[];
  benchmarks: ShownBenchmark[];
};

/** Body of `GET /api/v1/studies/:id/results`. */
export type SurveyResults = {
  study: string;
  manifest: string;
  title: string;
  simulated: boolean;
  /** The series that the study is a wave of. */
  series: string | null;
  /** Reports received so far: live, and the only number that is. */
  voices: number;
  epsilon: number;
  realizedEpsilon: number;
  confidence: number;
  minimumGroupSize: number;
  groups: Manifest['groups'];
  /** All groups together first, then each group. */
  participation: Participation[];
  questions: QuestionResult[];
};

export type Guarantee = {
  privacyUnit: 'employee' | 'site';
  neighboringRelation: 'replace-one';
  epsilon: number;
  delta: number;
};

/**
 * What became of a round's cohort, in clients: `lost` had no connection at the end or sent nothing by the
 * deadline, `late` came after the round had closed. All but `late` add up to `invited`.
 */
export type RoundShape = {
  invited: number;
  accepted: number;
  declined: number;
  left: number;
  lost: number;
  late: number;
};

/** How well a model did on held-back rows, `null` where the noise drowns it; with 95% intervals. */
export type Evaluation = {
  /** Held-back rows, noised. */
  rows: number;
} & (
  | {
      label: 'binary';
      /** Chance that a random positive row scores above a random negative one. */
      auc: number | null;
      aucLower: number | null;
      aucUpper: number | null;
      /** Share of rows that a threshold of one half tells right. */
      accuracy: number | null;
      accuracyLower: number | null;
      accuracyUpper: number | null;
    }
  | {
      label: 'category';
      /** Share of rows whose likeliest category is theirs. */
      accuracy: number | null;
      accuracyLower: number | null;
      accuracyUpper: number | null;
      /** Share of the rows that the most frequent category has: what always guessing it would get right. */
      mostFrequent: number | null;
    }
  | {
      label: 'number';
      /** Mean absolute error, in the label's unit. */
      error: number | null;
      errorLower: number | null;
      errorUpper: number | null;
      /** Mean absolute error of always guessing the label's mean. */
      spread: number | null;
    }
);

/** One round in `GET /api/v1/studies/:id/rounds`. */
export type RoundSummary = {
  round: number;
  kind: 'train' | 'evaluate';
  state: 'selecting' | 'reporting' | 'committed' | 'abandoned';
  modelRound: number;
  cohort: number;
  accepted: number;
  dropouts: number;
  startedAt: string;
  endedAt: string | null;
  reason: string | null;
  /** `null` while the round is open. */
  shape: RoundShape | null;
  /** Spent by a client that took part as often as it could so far, this round included; empty without noise. */
  spent: Guarantee[];
  /** Of an evaluation round. */
  evaluation: Evaluation | null;
};

/** Body of `GET /api/v1/studies/:id/rounds`. */
export type TrainingRounds = {
  study: string;
  manifest: string;
  clients: 'employee' | 'site';
  simulated: boolean;
  noised: boolean;
  /**
   * `exhausted` where no round is under way and nobody waits who may contribute to the next, because those who came
   * have contributed as often, or as lately, as the task allows: only new clients can bring it on.
   */
  state: 'training' | 'waiting' | 'exhausted' | 'done';
  /** Clients that may be invited to the next round and wait for it. */
  waiting: number;
  /** Clients that have contributed as often as they may. */
  usedUp: number;
  committedRounds: number;
  totalRounds: number;
  /** L2 bound on a client's update in the next round, or of a finished task in the one that would follow. */
  clippingNorm: number;
  rounds: RoundSummary[];
};

/** One study in `GET /api/v1/studies`. */
export type StudySummary = {
  id: string;
  title: string;
  manifest: string;
  simulated: boolean;
  survey: boolean;
  training: 'employee' | 'site' | null;
  state: StudyState;
  voices: number;
};

/** Body of `GET /api/v1/studies/:id/model/card`: all that whoever gets the model should know of it. */
export type ModelCard = {
  format: 'chorale-model-card';
  study: string;
  title: string;
  /** Identity of the manifest, which has every detail. */
  manifest: string;
  simulated: boolean;
  /** Committed training rounds behind it. */
  modelRound: number;
  /** What outputs are: the probability of the positive value, of each category, or a number scaled to [-1, 1]. */
  predicts: Label;
  /** Columns in the order of the model's inputs, each with what becomes of its cells. */
  columns: { column: string; encoding: string; inputs: string[] }[];
  network: { layerSizes: number[]; activation: 'relu' | 'tanh'; parameters: number };
  training: {
    clients: 'employee' | 'site';
    /** Rules of the task's algorithm: of the two halves of its rounds, or of its one. */
    algorithm: { client: string; server: string } | { oneShot: string };
    aggregation: string;
    localEpochs: number;
    /** L2 bound on an update; where it adapts, that of the first round. */
    clippingNorm: number;
    /** The share of updates that the bound follows, and its own bounds; `null` where it stays. */
    adaptiveClipping: { quantile: number; minimum: number; maximum: number } | null;
    /** What hides an update as a whole; `null` where only local steps are noised, or nothing is. */
    updateMechanism: 'gaussian' | 'priv-unit' | null;
    bitsPerParameter: number;
    /** Public weights by group; `null` where all weigh the same. */
    weights: Record<string, number> | null;
    committedRounds: number;
    abandonedRounds: number;
    /** Fewest and most updates in one committed training round. */
    contributions: { fewest: number; most: number };
  };
  /** What one unit has lost that took part as often as it could; empty where there is no guarantee. */
  privacy: Guarantee[];
  /** Of the latest evaluation, on rows that never trained; `null` before the first. */
  accuracy: (Evaluation & { modelRound: number }) | null;
  /** What it must not be used for, and what is not known of it, in sentences. */
  limits: string[];
};
