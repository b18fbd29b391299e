import type { TrainingEvent } from '@chorale/sdk';

/** What this tab gave to one round, and what became of the round. */
export type TabRound = {
  round: number;
  kind: 'train' | 'evaluate';
  given: 'working' | 'sent' | 'refused';
  outcome: 'open' | 'committed' | 'abandoned';
  message: string;
};

/** Everything a page shows of its own training. */
export type TrainingStatus = {
  phase: 'starting' | 'turn' | 'cohort' | 'computing' | 'sent' | 'lost' | 'done' | 'spent';
  engine: { name: string; reason: string } | undefined;
  committedRounds: number;
  totalRounds: number;
  /** Local steps of the present round. */
  step: number;
  steps: number;
  /** Newest first. */
  rounds: readonly TabRound[];
};

export function startingStatus(totalRounds: number): TrainingStatus {
  return { phase: 'starting', engine: undefined, committedRounds: 0, totalRounds, step: 0, steps: 0, rounds: [] };
}

/** The status after one more event. */
export function trainingStatus(status: TrainingStatus, event: TrainingEvent): TrainingStatus {
  switch (event.type) {
    case 'engine':
      return { ...status, engine: { name: event.name, reason: event.reason } };
    case 'waiting':
      if (event.for === 'turn') return { ...status, phase: 'turn' };
      return { ...status, phase: 'cohort', committedRounds: event.committedRounds, totalRounds: event.totalRounds };
    case 'round-started': {
      const opened: TabRound = { round: event.round, kind: event.kind, given: 'working', outcome: 'open', message: '' };
      const others = status.rounds.filter(({ round }) => round !== event.round);
      return { ...status, phase: 'computing', step: 0, steps: 0, rounds: [opened, ...others] };
    }
    case 'local-progress':
      return { ...status, step: event.step, steps: event.steps };
    case 'update-sent':
    case 'evaluated':
      return { ...status, phase: 'sent', rounds: change(status.rounds, event.round, { given: 'sent' }) };
    case 'refused':
      return {
        ...status,
        phase: 'sent',
        rounds: change(status.rounds, event.round, { given: 'refused', message: event.message }),
      };
    case 'round-ended':
      return {
        ...status,
        phase: 'cohort',
        committedRounds: event.committedRounds,
        rounds: change(status.rounds, event.round, { outcome: event.outcome }),
      };
    case 'connection-lost':
      return { ...status, phase: 'lost' };
    case 'done':
      return { ...status, phase: 'done', committedRounds: event.committedRounds };
    case 'ended':
      return { ...status, phase: 'spent' };
  }
}

function change(rounds: readonly TabRound[], round: number, changed: Partial<TabRound>): TabRound[] {
  return rounds.map((r) => (r.round === round ? { ...r, ...changed } : r));
}

/** The status as one sentence, for people and for screen readers. */
export function statusSentence(
  { phase, rounds, committedRounds, totalRounds }: TrainingStatus,
  { quorum, clients }: { quorum: number; clients: string },
): string {
  const [latest] = rounds;
  switch (phase) {
    case 'starting':
      return 'Starting: choosing how to compute…';
    case 'turn':
      return 'Waiting for this tab’s turn: of the tabs of one browser, one trains at a time.';
    case 'cohort':
      return `Waiting for the next round: it needs at least ${quorum} ${clients}, each in a tab of its own.`;
    case 'computing':
      return latest?.kind === 'evaluate'
        ? `Round ${latest.round}: testing the model on the rows held back here.`
        : `Round ${latest?.round ?? committedRounds + 1}: training on the rows in this tab.`;
    case 'sent':
      return latest?.given === 'refused'
        ? `Round ${latest.round}: this tab gave nothing. ${latest.message}`
        : `Round ${latest?.round ?? ''}: sent. Waiting for the others.`;
    case 'lost':
      return 'The connection is lost. This tab keeps its work and joins again by itself.';
    case 'done':
      return `Done: all ${committedRounds || totalRounds} rounds are committed. Nothing more is asked of this tab.`;
    case 'spent':
      return 'Stopped: another round would go past this browser’s privacy budget, so it takes no further part.';
  }
}
