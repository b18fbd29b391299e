import type { ErrorCode, Guarantee } from '@chorale/protocol';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RoundObservation } from '../rounds/round-observation.ts';

type Phase = Extract<RoundObservation, { type: 'phase' }>['phase'];

const PHASES: readonly Phase[] = [
  'selecting',
  'configuring',
  'reporting',
  'buffering',
  'aggregating',
  'abandoned',
  'done',
];

/** Where bytes and refusals come and go. */
export type Boundary = 'http' | 'websocket' | 'polling';

/** Bytes of one transport since metrics were read. */
type Traffic = { received: number; sent: number };

const newTraffic = (): Traffic => ({ received: 0, sent: 0 });

/**
 * What an operator sees of a running node, for Prometheus. Labels are studies, error codes and a few fixed
 * words: never a participant, an address or anything that a client chose.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #registers = [this.registry];

  readonly reports = new Counter({
    name: 'chorale_reports_total',
    help: 'Survey reports that were answered.',
    labelNames: ['outcome'] as const,
    registers: this.#registers,
  });
  readonly withdrawals = new Counter({
    name: 'chorale_withdrawals_total',
    help: 'Reports that were asked back, by what became of it; asking again counts again.',
    labelNames: ['outcome'] as const,
    registers: this.#registers,
  });
  readonly refusals = new Counter({
    name: 'chorale_refusals_total',
    help: 'Requests that were refused, by error code.',
    labelNames: ['code', 'boundary'] as const,
    registers: this.#registers,
  });
  readonly storeDuration = new Histogram({
    name: 'chorale_store_duration_seconds',
    help: 'How long the store took, from the request until its result was durable.',
    labelNames: ['operation'] as const,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: this.#registers,
  });
  readonly #rounds = new Counter({
    name: 'chorale_rounds_total',
    help: 'Rounds that ended.',
    labelNames: ['study', 'kind', 'outcome'] as const,
    registers: this.#registers,
  });
  readonly #roundDuration = new Histogram({
    name: 'chorale_round_duration_seconds',
    help: 'How long rounds took, from the choice of the cohort to the end.',
    labelNames: ['study', 'kind'] as const,
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
    registers: this.#registers,
  });
  readonly #roundClients = new Counter({
    name: 'chorale_round_clients_total',
    help: 'Invited clients by what became of them; late ones are counted once more.',
    labelNames: ['study', 'state'] as const,
    registers: this.#registers,
  });

  /** Every message is counted: cheaply, until metrics are read. */
  readonly traffic = { http: newTraffic(), websocket: newTraffic(), polling: newTraffic() } as const satisfies Record<
    Boundary,
    Traffic
  >;
  /** What changes several times in a round, by study: noted cheaply, until metrics are read. */
  readonly #present = {
    phases: new Map<string, Phase>(),
    waiting: new Map<string, number>(),
    spent: new Map<string, readonly Guarantee[]>(),
  };

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.#watchStudies();
    for (const outcome of ['withdrawn', 'released']) this.withdrawals.inc({ outcome }, 0);
    this.#countBytes('received', 'Bytes that came in: of HTTP all of them, of sockets those of messages.');
    this.#countBytes('sent', 'Bytes that went out: of HTTP all of them, of sockets those of messages.');
  }

  /** @param count asked for whenever metrics are read */
  watchConnections(count: () => number): void {
    this.#gauge({ name: 'chorale_connections', help: 'Open socket connections.' }, (gauge) => gauge.set(count()));
  }

  #watchStudies(): void {
    const { phases, waiting, spent } = this.#present;
    this.#gauge(
      {
        name: 'chorale_round_phase',
        help: '1 for the phase that the training of a study is in, 0 for all others.',
        labelNames: ['study', 'phase'] as const,
      },
      (gauge) => {
        for (const [study, present] of phases) {
          for (const phase of PHASES) gauge.set({ study, phase }, Number(phase === present));
        }
      },
    );
    this.#gauge(
      { name: 'chorale_clients_waiting', help: 'Clients that wait for a round.', labelNames: ['study'] as const },
      (gauge) => {
        for (const [study, count] of waiting) gauge.set({ study }, count);
      },
    );
    this.#gauge(
      {
        name: 'chorale_epsilon_spent',
        help: 'Epsilon of a client that took part as often as it could so far.',
        labelNames: ['study', 'unit'] as const,
      },
      (gauge) => {
        for (const [study, guarantees] of spent) {
          for (const { privacyUnit: unit, epsilon } of guarantees) gauge.set({ study, unit }, epsilon);
        }
      },
    );
  }

  /** @param read sets the gauge whenever metrics are read */
  #gauge<Label extends string>(
    options: { name: string; help: string; labelNames?: readonly Label[] },
    read: (gauge: Gauge<Label>) => void,
  ): void {
    // A property of the registry from here on.
    // oxlint-disable-next-line no-new
    new Gauge<Label>({
      ...options,
      registers: this.#registers,
      collect() {
        read(this);
      },
    });
  }

  #countBytes(direction: keyof Traffic, help: string): void {
    const { traffic } = this;
    // oxlint-disable-next-line no-new
    new Counter({
      name: `chorale_${direction}_bytes_total`,
      help,
      labelNames: ['transport'] as const,
      registers: this.#registers,
      collect() {
        for (const [transport, bytes] of Object.entries(traffic)) {
          this.inc({ transport }, bytes[direction]);
          bytes[direction] = 0;
        }
      },
    });
  }

  refused(code: ErrorCode | 'NOT_FOUND', boundary: Boundary): void {
    this.refusals.inc({ code, boundary });
  }

  observeRound(event: RoundObservation): void {
    const { study } = event;
    switch (event.type) {
      case 'phase':
        this.#present.phases.set(study, event.phase);
        return;
      case 'clients':
        this.#present.waiting.set(study, event.waiting);
        return;
      case 'ended': {
        const { kind, outcome, durationMs } = event;
        const { accepted, declined, left, lost, late } = event.shape;
        this.#rounds.inc({ study, kind, outcome });
        this.#roundDuration.observe({ study, kind }, durationMs / 1000);
        for (const [state, count] of Object.entries({ accepted, declined, left, lost, late })) {
          this.#roundClients.inc({ study, state }, count);
        }
        this.spent(study, event.spent);
        return;
      }
    }
  }

  /** Notes what the rounds of a study have cost. */
  spent(study: string, spent: readonly Guarantee[]): void {
    this.#present.spent.set(study, spent);
  }
}
