import type { Answers } from '@chorale/protocol';
import {
  Chorale,
  ChoraleError,
  type EncodedRecords,
  type LedgerBalance,
  type OpenOptions,
  type Receipt,
  type SentAnswer,
  type TrainingEvent,
} from '@chorale/sdk';

/** A failure as a test can read it outside the page. */
type Failure = { code: string; message: string };

let chorale: Chorale | undefined;
let answering: Promise<Receipt | Failure> | undefined;
const events: { type: string; detail: string }[] = [];
let changed = Promise.withResolvers<void>();

/** One device's visit, as a page that embeds the SDK makes it. */
export const choralePage = {
  async open(options: OpenOptions): Promise<Failure | null> {
    const result = await settled(Chorale.open(options));
    if ('code' in result) return result;
    chorale = result;
    for (const type of ['sent', 'progress', 'error'] as const) chorale.addEventListener(type, note);
    return null;
  },

  async answer(answers: Answers): Promise<Receipt | Failure> {
    return settled(opened().answer(answers));
  },

  /** The same, without waiting; `answered` waits. */
  startAnswer(answers: Answers): void {
    answering = settled(opened().answer(answers));
  },

  async answered(): Promise<Receipt | Failure | undefined> {
    return answering;
  },

  /** Waits until this event came, now or before; `detail` is a step, a code or a hash. */
  async event(type: string, detail?: string): Promise<void> {
    while (!events.some((event) => event.type === type && (detail === undefined || event.detail === detail))) {
      await changed.promise;
    }
  },

  async state(): Promise<{
    pending: boolean;
    receipt: Receipt | null;
    sent: SentAnswer[] | null;
    saved: Answers | null;
    balances: LedgerBalance[];
    entries: number;
  }> {
    const device = opened();
    const { balances, entries } = await device.ledger();
    return {
      pending: await device.pending(),
      receipt: await device.receipt(),
      sent: await device.sent(),
      saved: await device.savedAnswers(),
      balances,
      entries: entries.length,
    };
  },

  save: (answers: Answers): Promise<void> => opened().saveAnswers(answers),
  erase: (): Promise<void> => opened().erase(),
  withdraw: (): Promise<{ outcome: string } | Failure> =>
    settled(
      opened()
        .withdraw()
        .then((outcome) => ({ outcome })),
    ),
  receiptFile: (): Promise<object | null> => opened().receiptFile(),
  close: (): void => opened().close(),
  hash: (): string => opened().manifestHash,

  /** Names of the locks that any tab of this device holds. */
  async heldLocks(): Promise<(string | undefined)[]> {
    return ((await navigator.locks.query()).held ?? []).map(({ name }) => name);
  },

  async putRecords({ inputs, labels, rows }: { inputs: number[]; labels: number[]; rows: number }): Promise<void> {
    const records: EncodedRecords = {
      inputs: Float32Array.from(inputs),
      labels: Uint8Array.from(labels),
      rows,
      warnings: [],
    };
    await opened().putRecords(records);
  },

  /** Trains to the end, or until this type of event; what it said, and how it failed. */
  async train(
    options: { noiseless?: boolean; until?: string } = {},
  ): Promise<{ events: TrainingEvent[]; failure: Failure | null }> {
    const said: TrainingEvent[] = [];
    const reading = (async () => {
      for await (const event of opened().train(options)) {
        said.push(event);
        if (event.type === options.until) break;
      }
    })();
    const result = await settled(reading.then(() => ({})));
    return { events: said, failure: 'code' in result ? result : null };
  },

  /** Trains without waiting; `event('training', …)` waits for what it says. */
  startTraining(): void {
    void (async () => {
      for await (const event of opened().train()) {
        record('training', event.type === 'waiting' ? `waiting for ${event.for}` : event.type);
      }
    })();
  },
};

function record(type: string, detail: string): void {
  events.push({ type, detail });
  changed.resolve();
  changed = Promise.withResolvers<void>();
}

function opened(): Chorale {
  if (chorale === undefined) throw new Error('nothing was opened');
  return chorale;
}

function note(event: Event): void {
  const { detail } = event as CustomEvent<{ step?: string; code?: string; receipt?: Receipt }>;
  record(event.type, detail.step ?? detail.code ?? detail.receipt?.reportHash ?? '');
}

async function settled<T extends object>(promise: Promise<T>): Promise<T | Failure> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ChoraleError) return { code: error.code, message: error.message };
    return { code: error instanceof Error ? error.name : 'unknown', message: String(error) };
  }
}
