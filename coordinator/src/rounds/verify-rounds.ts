import { composeSpends, sampledSpends, type Spend } from '@chorale/privacy';
import {
  type Manifest,
  manifestHash,
  mostParticipations,
  type RoundSummary,
  type TrainingRounds,
  type TrainingTask,
  updateCharges,
} from '@chorale/protocol';
import { SpentBudget } from './spent-budget.ts';

/** The rounds of one study as they are published, and what they are to be checked against. */
export type RoundLog = {
  manifest: Manifest & { training: TrainingTask };
  rounds: TrainingRounds;
  /** Committed rounds behind the model that is given out; `null` where there is none. */
  modelRound: number | null;
};

/** How far a published epsilon may be from the one computed here, relatively: other machines round otherwise. */
const TOLERANCE = 1e-9;

/**
 * Checks a study's rounds by what they say themselves: numbers, states, quorums, and for each round the epsilon
 * that a client has spent which took part as often as it could, computed again from the manifest and the rounds before.
 * @returns what is wrong, one sentence each; none where nothing is
 */
export async function verifyRounds(log: RoundLog): Promise<string[]> {
  const { manifest, rounds } = log;
  const task = manifest.training;
  const hash = await manifestHash(manifest);
  const findings = hash === rounds.manifest ? [] : [`the rounds are those of study ${rounds.manifest}, not of ${hash}`];
  const budget = new SpentBudget(task);
  const sent = { train: 0, evaluate: 0 };
  let committed = 0;
  rounds.rounds.forEach((round, i) => {
    sent[round.kind] += 1;
    const expected = { number: i + 1, modelRound: committed, spent: budget.after(sent) };
    findings.push(
      ...[...mistakes(round, task), ...mismatches(round, expected)].map((what) => `round ${round.round}: ${what}`),
    );
    if (round.kind === 'train' && round.state === 'committed') committed += 1;
  });
  if (committed !== rounds.committedRounds) {
    findings.push(`${rounds.committedRounds} rounds are said to be committed, the log has ${committed}`);
  }
  if (committed > task.rounds) findings.push(`${committed} rounds are committed of a task of ${task.rounds}`);
  if ((log.modelRound ?? 0) !== committed) {
    findings.push(`the model is the one after ${log.modelRound ?? 0} rounds, the log has ${committed}`);
  }
  return [...findings, ...disagreement(task, sent.train)];
}

/** What cannot be of any round. */
function mistakes(round: RoundSummary, { cohort }: TrainingTask): string[] {
  const { state, accepted, shape, reason, startedAt, endedAt, evaluation } = round;
  const isOver = state === 'committed' || state === 'abandoned';
  return [
    ...(state === 'committed' && accepted < cohort.quorum
      ? [`committed with ${accepted} of a quorum of ${cohort.quorum}`]
      : []),
    ...(accepted > round.cohort ? [`accepted ${accepted} of a cohort of ${round.cohort}`] : []),
    ...(isOver !== (endedAt !== null) ? [`is ${state} and ${endedAt === null ? 'has not ended' : 'has ended'}`] : []),
    ...(endedAt !== null && Date.parse(endedAt) < Date.parse(startedAt) ? ['ended before it started'] : []),
    ...((state === 'abandoned') !== (reason !== null)
      ? [`is ${state} ${reason === null ? 'without a reason' : `because ${reason}`}`]
      : []),
    ...(evaluation !== null && (round.kind !== 'evaluate' || state !== 'committed')
      ? ['has figures that it cannot have']
      : []),
    ...(shape !== null && shape.accepted + shape.declined + shape.left + shape.lost !== shape.invited
      ? ['what became of its clients does not add up']
      : []),
    ...(shape !== null && shape.accepted !== accepted
      ? [`accepted ${accepted} by one count and ${shape.accepted} by another`]
      : []),
  ];
}

/** Where a round is not what must follow from those before it. */
function mismatches(
  { round, modelRound, spent }: RoundSummary,
  expected: { number: number; modelRound: number; spent: RoundSummary['spent'] },
): string[] {
  const isSame =
    spent.length === expected.spent.length &&
    spent.every(({ privacyUnit, epsilon, delta }, i) => {
      const own = expected.spent[i]!;
      return (
        privacyUnit === own.privacyUnit &&
        delta === own.delta &&
        Math.abs(epsilon - own.epsilon) <= TOLERANCE * own.epsilon
      );
    });
  return [
    ...(round === expected.number ? [] : [`has a number where ${expected.number} follows`]),
    ...(modelRound === expected.modelRound
      ? []
      : [`started from the model after ${modelRound} rounds where ${expected.modelRound} are committed`]),
    ...(isSame ? [] : [`says ${inWords(spent)} was spent; by the log it is ${inWords(expected.spent)}`]),
  ];
}

/** The same epsilon by the accountant of the devices' ledgers, which composes charges one by one. */
function disagreement(task: TrainingTask, rounds: number): string[] {
  if (rounds === 0) return [];
  const steps = mostParticipations(task, rounds);
  return updateCharges(task).flatMap(({ privacyUnit, loss }) => {
    const spend: Spend = { privacyUnit, neighboringRelation: 'replace-one', ...loss };
    const delta = loss.mechanism === 'pure' ? 0 : task.privacy.delta;
    const ledger = composeSpends(
      Array.from({ length: steps }, () => spend),
      { delta, sampled: sampledSpends },
    ).epsilon;
    const own = new SpentBudget(task).after({ train: rounds, evaluate: 0 }).find((g) => g.privacyUnit === privacyUnit);
    if (own !== undefined && Math.abs(ledger - own.epsilon) <= 1e-6 * ledger) return [];
    return [`two accountants disagree on ${steps} updates for one ${privacyUnit}: ${ledger} and ${own?.epsilon}`];
  });
}

function inWords(spent: RoundSummary['spent']): string {
  if (spent.length === 0) return 'nothing that has a guarantee';
  return spent.map(({ privacyUnit, epsilon }) => `epsilon ${epsilon} of one ${privacyUnit}`).join(', ');
}
