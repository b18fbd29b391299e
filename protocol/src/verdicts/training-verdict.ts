import type { TrainingPlan } from '@chorale/privacy/forecast';

/** How much of a training is noise, in one sentence or two for the person who plans it. */
export function trainingVerdict(
  { verdict, mode, cohort, roundsPerClient, totalSignalToNoise, usableSignalToNoise, usableCohort }: TrainingPlan,
  { clients, rounds, minimumSurvivors }: { clients: number; rounds: number; minimumSurvivors?: number | undefined },
): string {
  const ofRounds = rounds === 1 ? '' : ` over all ${round(rounds, 21)} rounds`;
  const ratio = `the largest possible signal is ${round(totalSignalToNoise)} times the noise${ofRounds}`;
  if (verdict === 'usable') return `Usable: ${ratio}.`;

  const enough = roundUp(usableCohort * (1 + 1e-9));
  // As many rounds for each client as now: more of them would cost more noise.
  const enoughInAll = roundUp((enough * rounds) / roundsPerClient);
  const perClient = roundsPerClient === 1 ? 'one' : round(roundsPerClient, 21);
  const inAll =
    enoughInAll > clients ? ` and ${round(enoughInAll)} in all, each in ${perClient} of the rounds as now` : '';
  const clientsNeeded =
    usableCohort > 1e6 * cohort
      ? 'more than a million times as many clients'
      : `${round(enough)} clients${rounds === 1 ? '' : ` in each round${inAll}`}`;
  // Everybody in every round: the same epsilon pays for sums of everybody.
  const gain = (clients / cohort) * Math.sqrt(roundsPerClient / rounds);
  const advice =
    mode === 'distributed' && minimumSurvivors === undefined && gain > 1
      ? ` With all ${round(clients, 21)} clients in every round it would be ${round(gain * totalSignalToNoise)} times the noise.`
      : '';
  const word = verdict === 'hopeless' ? 'Hopeless' : 'Rough';
  return `${word}: ${ratio}; ${round(usableSignalToNoise)} times would be usable, which takes ${clientsNeeded}.${advice}`;
}

function round(value: number, maximumSignificantDigits = 2): string {
  return value.toLocaleString('en', { maximumSignificantDigits });
}

/** To two significant digits or fewer. */
function roundUp(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / unit) * unit;
}
