import { composeSpends, type Spend } from '@chorale/privacy';
import { type Guarantee, participationLimits, type TrainingTask, updateCharges } from '@chorale/protocol';

/**
 * What a device will have sent at most, by the limits of the task: its updates, and what they cost together at the
 * task's delta, the sum over all of them. Nothing is guaranteed where there is no noise.
 */
export function worstCase(task: TrainingTask): { updates: number; guarantees: Guarantee[] } {
  const { delta } = task.privacy;
  const updates = Math.min(participationLimits(task).atMost, task.rounds);
  const guarantees = updateCharges(task).map(({ privacyUnit, loss }): Guarantee => {
    const spend: Spend = { privacyUnit, neighboringRelation: 'replace-one', ...loss };
    const { epsilon } = composeSpends(
      Array.from({ length: updates }, () => spend),
      { delta },
    );
    return { privacyUnit, neighboringRelation: 'replace-one', epsilon, delta };
  });
  return { updates, guarantees };
}
