/** The model that a round starts from. */
export type RoundModel = {
  /** `[parameters]` */
  parameters: Float32Array | Float64Array;
  /** Committed rounds behind it. */
  modelRound: number;
};

/** The local steps of one client in one round. */
export interface LocalSteps {
  /** `[parameters]` where the next gradient is to be taken; `take` changes them in place. */
  readonly weights: Float64Array<ArrayBuffer>;
  /**
   * One step, along the mean of the rows' gradients.
   * @param gradientSum `[parameters]`, noised or not
   * @param rows whose gradients it sums, or how many they are on average; > 0
   */
  take(gradientSum: ArrayLike<number>, rows: number): void;
  /** `[parameters]` that the client contributes, before it is clipped. To be called once, after the last step. */
  finish(): Float64Array<ArrayBuffer>;
}

/** What a client keeps from round to round of its algorithm. */
export interface ClientAlgorithm {
  /** What was computed and never kept leaves no trace. */
  start(model: RoundModel): LocalSteps;
  /**
   * The rows are charged for the update that was finished last, so later rounds may be made of it, too. Without that,
   * what noise at every step is charged for would not be all that a later update tells.
   */
  keep(): void;
}

// Far above any weight that works, far below the end of single precision.
const LARGEST = 1e30;

/**
 * A number that may have overflowed, as one that has not. Training that diverges must not fail: whether it
 * does depends on the rows, and a failure would be a message that no noise covers.
 */
export function finite(value: number): number {
  return Number.isNaN(value) ? 0 : Math.min(LARGEST, Math.max(-LARGEST, value));
}
