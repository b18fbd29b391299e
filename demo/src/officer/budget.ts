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

/** A study, and what one employee who takes part in all of it loses at most. */
export type StudyBudget = {
  summary: StudySummary;
  manifest: Manifest;
  /** Of the one report. */
  survey: number | null;
  /** Of all rounds that a device of an employee may contribute to; `null` where none does or nothing is guaranteed. */
  training: { epsilon: number; delta: number } | null;
};

export function studyBudget(summary: StudySummary, manifest: Manifest): StudyBudget {
  const survey = manifest.survey === undefined ? null : surveyChannels(manifest.survey).realizedEpsilon;
  return { summary, manifest, survey, training: trainingBudget(manifest) };
}

/** What somebody loses at most who takes part in everything, added up: devices count closer. */
export function worstCase(budgets: readonly StudyBudget[]): { epsilon: number; delta: number } {
  return budgets.reduce(
    (sum, { survey, training }) => ({
      epsilon: sum.epsilon + (survey ?? 0) + (training?.epsilon ?? 0),
      delta: sum.delta + (training?.delta ?? 0),
    }),
    { epsilon: 0, delta: 0 },
  );
}

/**
 * Of an employee whose device, or whose site, takes part as often as it may. A row of a site either trains or is held back
 * for evaluations, so it loses the larger of the two.
 */
function trainingBudget({ training }: Manifest): StudyBudget['training'] {
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
