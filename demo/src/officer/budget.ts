import { composeAdaptiveSpends, sampledSpends, type Spend } from '@chorale/privacy';
import {
  type Charge,
  evaluationCharges,
  type Manifest,
  mostParticipations,
  type StudySummary,
  surveyChannels,
  updateCharges,
} from '@chorale/protocol';
import { formatEpsilon } from '../results/format.ts';

/** What one employee who takes part in all of a study loses at most. */
export type Losses = {
  /** Of the one report. */
  survey: number | null;
  /** Of all rounds that a device of an employee may contribute to; `null` where none does or nothing is guaranteed. */
  training: { epsilon: number; delta: number } | null;
};

/** A study with its losses. */
export type StudyBudget = Losses & { summary: StudySummary; manifest: Manifest };

export function lossesOf(manifest: Manifest): Losses {
  const survey = manifest.survey === undefined ? null : surveyChannels(manifest.survey).realizedEpsilon;
  return { survey, training: trainingBudget(manifest) };
}

/** What somebody loses at most who takes part in everything, added up: devices count closer. */
export function worstCase(losses: readonly Losses[]): { epsilon: number; delta: number } {
  return losses.reduce(
    (sum, { survey, training }) => ({
      epsilon: sum.epsilon + (survey ?? 0) + (training?.epsilon ?? 0),
      delta: sum.delta + (training?.delta ?? 0),
    }),
    { epsilon: 0, delta: 0 },
  );
}

/** `ε = 4.2`, and with which probability not even that holds. */
export function lossText({ epsilon, delta }: { epsilon: number; delta: number }): string {
  const except = delta === 0 ? '' : `, except with probability ${delta.toExponential(0)}`;
  return `ε = ${formatEpsilon(epsilon)}${except}`;
}

/**
 * Of an employee whose device, or whose site, takes part as often as it may. A row of a site either trains or is held back
 * for evaluations, so it loses the larger of the two.
 */
function trainingBudget({ training }: Manifest): Losses['training'] {
  if (training === undefined) return null;
  const updates = updateCharges(training).filter(({ privacyUnit }) => privacyUnit === 'employee');
  if (updates.length === 0) return null;
  const { delta } = training.privacy;
  const epsilonOf = (charges: readonly Charge[], times: number): number => {
    const spends = charges.flatMap(({ privacyUnit, loss }) => {
      const spend: Spend = { privacyUnit, neighboringRelation: 'replace-one', ...loss };
      return Array.from({ length: times }, () => spend);
    });
    return composeAdaptiveSpends(spends, { delta, sampled: sampledSpends }).epsilon;
  };
  const train = epsilonOf(updates, mostParticipations(training, training.rounds));
  if (training.clients === 'employee') return { epsilon: train, delta };
  const evaluations = Math.ceil(training.rounds / training.evaluation.everyRounds);
  return { epsilon: Math.max(train, epsilonOf(evaluationCharges(training), evaluations)), delta };
}
