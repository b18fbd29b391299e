import { type ClientAlgorithm, finite, type RoundModel } from './local-steps.ts';

/** What a client keeps of the last round that it gave an update to. */
type Memory = RoundModel & {
  /** Its control variate: the mean of its gradients in that round. */
  control: Float64Array;
  /** What was added to each of its gradients in that round. */
  correction: Float64Array;
};

/**
 * SCAFFOLD (Karimireddy et al. 2020, "SCAFFOLD: Stochastic Controlled Averaging for Federated Learning", Algorithm 1
 * with option II and a global step of 1), with no more sent than an update. The server's half is FedAvg's.
 *
 * In the paper, client i with its control variate c_i goes K steps y <- y - eta (g_i(y) - c_i + c) from the model x, and
 * sends y - x and c_i+ - c_i, where c_i+ = c_i - c + (x - y) / (K eta). With the mean G_i of its gradients on the way,
 *
 *   y - x = -K eta (G_i - c_i + c)   and   c_i+ = G_i.
 *
 * With every client in every round, c is the mean of the c_i: the corrections cancel in the sum. The model moves by
 * -K eta times the mean of the G_i, and the next c, the mean of the c_i+, is (x - x+) / (K eta). So a client sends
 *
 *   -K eta G_i,
 *
 * gradients along the corrected path without the corrections. Models are the paper's, and who sees them knows c; the
 * control variate of a client stays where it is.
 *
 * What holds otherwise:
 *
 * - *Weights.* c is the weighted mean of the G_i, as the paper's is for the weighted sum of the clients' losses.
 * - *Some clients only.* c is of those who took part, where the paper's is a running mean over all, and what the others
 *   last had does not enter the sum. Paths are corrected, but the model moves with those who are there, as with FedAvg.
 * - *Missed rounds.* The client has the c_i of its last round, and takes for c the mean over the rounds since, as long
 *   a span of models. At first, and where its memory was lost, it corrects nothing: one round of FedAvg.
 * - *Nothing of this lasts.* G_i is of one round. If y - x were sent, the corrections would have to cancel for ever: one
 *   that does not, of a client that is new, absent, clipped or abandoned with its round, would stay in c and let the
 *   model rest where no optimum is.
 * - *Noise.* What the released sum has of it is in the next c, bends all paths alike, and is gone a round later.
 * - *Clipping.* c is of clipped updates: the way that the model went. At the optimum of unlike clients the G_i cancel and
 *   are not zero, so a clipping norm that binds there moves the model's place of rest. Local steps x learning rate x
 *   `exampleClippingNorm` binds nowhere.
 * - *Charges* are FedAvg's. c is public. c_i does not leave the device; an update is clipped and noised whatever it was
 *   made of, which is what composing updates takes. Where local steps are noised, c_i is of noised gradients alone; they
 *   must be charged, as everything that they shape is their release. So c_i is never of a round that was computed and
 *   not charged.
 *
 * @param options.localSteps of every client in every round
 */
export function scaffold({ learningRate, localSteps }: { learningRate: number; localSteps: number }): ClientAlgorithm {
  const reach = learningRate * localSteps;
  let memory: Memory | null = null;
  let finished: Memory | null = null;
  return {
    start(model) {
      finished = null;
      const correction = correctionAt(model, memory, reach);
      const weights = new Float64Array(model.parameters);
      const update = new Float64Array(weights.length);
      return {
        weights,
        take(gradientSum, rows) {
          for (let i = 0; i < weights.length; i += 1) {
            const gradient = finite(gradientSum[i]!) / rows;
            weights[i] = finite(weights[i]! - learningRate * (gradient + correction[i]!));
            update[i] = finite(update[i]! - learningRate * gradient);
          }
        },
        finish() {
          const control = update.map((value) => -value / reach);
          finished = { parameters: model.parameters.slice(), modelRound: model.modelRound, control, correction };
          return update;
        },
      };
    },
    keep() {
      memory = finished ?? memory;
    },
  };
}

/** c - c_i, or nothing where there is no c_i. */
function correctionAt(
  { parameters, modelRound }: RoundModel,
  memory: Memory | null,
  reach: number,
): Float64Array<ArrayBuffer> {
  // A coordinator that has fewer rounds than before forgot some, and its models with them.
  if (memory === null || modelRound < memory.modelRound) return new Float64Array(parameters.length);
  // The round before was abandoned: it starts from the same model once more.
  if (modelRound === memory.modelRound) return Float64Array.from(memory.correction);
  const span = reach * (modelRound - memory.modelRound);
  const { parameters: before, control } = memory;
  return control.map((own, i) => (before[i]! - parameters[i]!) / span - own);
}
