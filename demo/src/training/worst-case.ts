import { composeAdaptiveSpends, type Spend } from '@chorale/privacy';
import { type Guarantee, participationLimits, type TrainingTask, updateCharges } from '@chorale/protocol';
import { formatDelta, oddsFactor } from '@chorale/sdk/elements/views';

/**
 * What a device will have sent at most, by the limits of the task: its updates, and what they cost together at the
 * task's delta, by the filter of the device's ledger. Nothing is guaranteed where there is no noise.
 */
function worstCase(task: TrainingTask): { updates: number; guarantees: Guarantee[] } {
  const updates = Math.min(participationLimits(task).atMost, task.rounds);
  const guarantees = updateCharges(task).map(({ privacyUnit, loss }): Guarantee => {
    const delta = loss.mechanism === 'pure' ? 0 : task.privacy.delta;
    const spend: Spend = { privacyUnit, neighboringRelation: 'replace-one', ...loss };
    const { epsilon } = composeAdaptiveSpends(
      Array.from({ length: updates }, () => spend),
      { delta },
    );
    return { privacyUnit, neighboringRelation: 'replace-one', epsilon, delta };
  });
  return { updates, guarantees };
}

/** How often this browser of an employee contributes at most, and what that costs at the worst. */
export function worstCaseText(task: TrainingTask): string {
  const { updates, guarantees } = worstCase(task);
  const often = `This browser contributes to ${updates === 1 ? 'one round' : `at most ${updates} rounds`}.`;
  const [guarantee] = guarantees;
  if (guarantee === undefined) return often;
  const { epsilon, delta } = guarantee;
  const except = delta === 0 ? '' : `, except with probability ${formatDelta(delta)}`;
  return (
    `${often} At the worst that costs ε = ${epsilon.toFixed(2)}: all that it sends is at most ${oddsFactor(epsilon)} ` +
    `times likelier than with any other answers${except}.`
  );
}
