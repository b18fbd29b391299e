import type { TrainingEvent } from '@chorale/sdk';

/** What this tab gave to one round, and what became of the round. */
export type TabRound = {
  round: number;
  kind: 'train' | 'evaluate';
  /** `unneeded`: the round had enough, and nothing left this tab; `uncounted`: it was too late for the round. */
  given: 'working' | 'sent' | 'refused' | 'unneeded' | 'uncounted';
  outcome: 'open' | 'closed' | 'committed' | 'abandoned';
  message: string;
};

/** Everything a page shows of its own training. */
export type TrainingStatus = {
  phase: 'starting' | 'turn' | 'cohort' | 'later' | 'computing' | 'sent' | 'lost' | 'done' | 'spent' | 'used';
  /** How long the coordinator asked this tab to stay away, while it does. */
  comeBackMs: number;
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
  return {
    phase: 'starting',
    comeBackMs: 0,
    engine: undefined,
    committedRounds: 0,
    totalRounds,
    step: 0,
    steps: 0,
    rounds: [],
  };
}

/** The status after one more event. */
export function trainingStatus(status: TrainingStatus, event: TrainingEvent): TrainingStatus {
  switch (event.type) {
    case 'engine':
      return { ...status, engine: { name: event.name, reason: event.reason } };
    case 'waiting': {
      if (event.for === 'turn') return { ...status, phase: 'turn' };
      const { committedRounds, totalRounds } = event;
      const comeBackMs = event.for === 'later' ? event.comeBackMs : 0;
      return { ...status, phase: event.for, comeBackMs, committedRounds, totalRounds };
    }
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
        rounds: change(status.rounds, event.round, {
          outcome: event.outcome,
          ...(event.outcome === 'closed' ? { given: event.made ? 'uncounted' : 'unneeded' } : {}),
        }),
      };
    case 'connection-lost':
      return { ...status, phase: 'lost' };
    case 'done':
      return { ...status, phase: 'done', committedRounds: event.committedRounds };
    case 'ended':
      return { ...status, phase: event.code === 'BUDGET_EXCEEDED' ? 'spent' : 'used' };
  }
}

function change(rounds: readonly TabRound[], round: number, changed: Partial<TabRound>): TabRound[] {
  return rounds.map((r) => (r.round === round ? { ...r, ...changed } : r));
}

/** Whether this browser takes no further part, however long it waits. */
export function isOver({ phase }: TrainingStatus): boolean {
  return phase === 'done' || phase === 'spent' || phase === 'used';
}

/** The status in a sentence or two, for people and for screen readers. */
export function statusSentence(
  { phase, comeBackMs, rounds, committedRounds, totalRounds }: TrainingStatus,
  { quorum, clients }: { quorum: number; clients: string },
): string {
  const [latest] = rounds;
  switch (phase) {
    case 'starting':
      return 'Starting: choosing how to compute…';
    case 'turn':
      return 'Waiting for this tab’s turn: of the tabs of one browser, one trains at a time.';
    case 'cohort':
      return `${closed(latest)}Waiting for the next round: it needs at least ${quorum} ${clients}, each in a tab of its own.`;
    case 'later':
      return `${closed(latest)}More ${clients} wait than the next rounds need. The coordinator asks to come back in ${duration(comeBackMs)}; this tab does so by itself if you leave it open.`;
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
      return `Done: ${totalRounds === 1 ? 'the one round is' : `all ${committedRounds || totalRounds} rounds are`} committed. Nothing more is asked of this tab.`;
    case 'spent':
      return 'Stopped: another round would go past this browser’s privacy budget, so it takes no further part.';
    case 'used':
      return `${closed(latest)}Thank you: this browser has contributed as often as the study asks for. Nothing more is wanted of it.`;
  }
}

/** A round that had enough without this tab, as a sentence with a space after it; else nothing. */
function closed(latest: TabRound | undefined): string {
  if (latest?.outcome !== 'closed') return '';
  return latest.given === 'unneeded'
    ? `Round ${latest.round} had enough updates; nothing of yours was sent. `
    : `Round ${latest.round} had enough updates before yours came; yours is not counted, and what it cost stays spent. `;
}

/** A duration in one unit, rounded up: nobody needs to come back to the second. */
function duration(ms: number): string {
  const minutes = Math.ceil(ms / 60_000);
  if (minutes <= 1) return 'a minute';
  if (minutes <= 90) return `${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  return hours <= 48 ? `${hours} hours` : `${Math.ceil(hours / 24)} days`;
}
