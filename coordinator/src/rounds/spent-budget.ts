import { accountSubsampledGaussian, gaussianEpsilon, zcdpEpsilon } from '@chorale/privacy';
import {
  type Charge,
  evaluationCharges,
  type Guarantee,
  mostParticipations,
  type TrainingTask,
  updateCharges,
} from '@chorale/protocol';

/**
 * What a client has spent that took part as often as it could so far, counted over all rounds that were sent
 * out, committed or not. [R18]
 *
 * An update that is noised as a whole protects its client, employee or site. At a site an employee's
 * row has a guarantee of its own only where every local step is noised. That row either trains or is
 * held back for evaluations, never both, so its loss is the larger of the two parts, not their sum; where
 * either part is without noise there is none. The guarantee of a site is one for its updates.
 */
export class SpentBudget {
  readonly #task: TrainingTask;
  readonly #known = new Map<string, number>();

  constructor(task: TrainingTask) {
    this.#task = task;
  }

  /** @param sent rounds sent out so far, by kind */
  after(sent: { train: number; evaluate: number }): Guarantee[] {
    if (sent.train === 0) return [];
    return updateCharges(this.#task).flatMap((charge) => {
      const training = this.#guarantee(charge, mostParticipations(this.#task, sent.train));
      const isRowOfSite = this.#task.clients === 'site' && charge.privacyUnit === 'employee';
      if (!isRowOfSite || sent.evaluate === 0) return [training];
      return evaluationCharges(this.#task).map((histogram) => {
        const evaluation = this.#guarantee(histogram, sent.evaluate);
        return evaluation.epsilon > training.epsilon ? evaluation : training;
      });
    });
  }

  #guarantee({ privacyUnit, loss }: Charge, steps: number): Guarantee {
    const guarantee = { privacyUnit, neighboringRelation: 'replace-one' } as const;
    // A pure loss needs no delta.
    const delta = loss.mechanism === 'pure' ? 0 : this.#task.privacy.delta;
    const key = `${JSON.stringify(loss)} ${steps}`;
    const epsilon = this.#known.get(key) ?? epsilonOf(loss, steps, delta);
    this.#known.set(key, epsilon);
    return { ...guarantee, epsilon, delta };
  }
}

/** Of one loss, so many times. */
function epsilonOf(loss: Charge['loss'], times: number, delta: number): number {
  switch (loss.mechanism) {
    case 'gaussian':
      return gaussianEpsilon({ noiseMultiplier: loss.noiseMultiplier, steps: times, delta });
    case 'subsampled-gaussian': {
      const { noiseMultiplier, samplingRate, steps } = loss;
      const sampled = { noiseMultiplier, samplingRate, steps: times * steps, delta };
      return accountSubsampledGaussian({ ...sampled, neighboringRelation: 'replace-one' }).epsilon;
    }
    case 'zcdp':
      return zcdpEpsilon({ rho: loss.rho * times, delta });
    case 'pure':
      return times * loss.epsilon;
  }
}
