import { type RandomSource, secureRandom } from '@chorale/privacy';
import { type Answers, ChoraleError, type Manifest } from '@chorale/protocol';
import type { ChoraleEvents, ChoraleEventTarget } from './chorale-events.ts';
import { fetchStudy } from './connection/fetch-study.ts';
import { LazyConnection } from './connection/lazy-connection.ts';
import { ReportSender } from './connection/report-sender.ts';
import type { DeviceLock } from './device-lock.ts';
import { lazyPart } from './lazy-part.ts';
import { Ledger, type LedgerBalance } from './ledger.ts';
import { PageLifecycle } from './page-lifecycle.ts';
import type { DeviceStore, Receipt, SentAnswer, SpendRecord } from './storage/device-store.ts';
import { IndexedDbStore } from './storage/indexed-db-store.ts';
import type { Study } from './study.ts';
import { type AnswerWords, sentInWords } from './survey/answer-words.ts';
import { Respondent } from './survey/respondent.ts';
import { deliverReport, isUnsent, submitReport, type SubmitOptions } from './survey/submit-report.ts';
import type { OptionalEngineName } from './training/engines/select-engine.ts';
import type { EncodedRecords } from './training/features.ts';
import type { TrainerOptions } from './training/trainer.ts';
import type { TrainingEvent } from './training/training-event.ts';
import { trainingTask } from './training/training-task.ts';
import { WebLock } from './web-lock.ts';

export type OpenOptions = {
  /** Address of the coordinator, with a path if it has one. */
  coordinator: string | URL;
  /** The study's id. */
  study: string;
  /** The study's hash, `sha256-…`: any other version of it is refused. */
  manifest?: string | undefined;
  /** The invitation; opaque here. */
  token: string;
  /** The page's own limit on this device's ledger; it can only lower the SDK's. */
  maxEpsilon?: number | undefined;
};

/** Opens one of several made-up devices in one browser; see `openDemoProfile`. */
type OpenProfile = (options: OpenOptions, profile: string) => Promise<Chorale>;
let openProfile: OpenProfile;

/**
 * As `Chorale.open`, for a made-up device with storage, ledger and noise of its own: several employees in
 * the tabs of one browser. For demonstrations only, and exported by `@chorale/sdk/demo` alone: a real page
 * that opened profiles would multiply what its employees' ledgers allow.
 */
export function openDemoProfile({ profile, ...options }: OpenOptions & { profile: string }): Promise<Chorale> {
  return openProfile(options, profile);
}

export type TrainOptions = {
  /** The page's explicit consent to send what has no noise; only simulated studies accept it. */
  noiseless?: boolean;
  /** Ends the training quietly. */
  signal?: AbortSignal;
  /** Engines that may be tried beside typed arrays; wasm only where the page's policy allows it. */
  engines?: readonly OptionalEngineName[];
};

type Parts = {
  study: Study;
  sender: ReportSender;
  connection: LazyConnection;
  store: DeviceStore;
  ledger: Ledger;
  lock: DeviceLock;
  lifecycle: PageLifecycle;
  random: RandomSource;
};

/** One device's part in one study. Several tabs of the device may have one each. */
export class Chorale extends (EventTarget as new () => ChoraleEventTarget) {
  readonly #parts: Parts;
  readonly #respondent: Respondent;
  readonly #closed = new AbortController();
  /** Aborted by `erase`, so that nothing is sent after it. */
  #sending = new AbortController();
  #training = new AbortController();

  private constructor(parts: Parts) {
    super();
    this.#parts = parts;
    this.#respondent = new Respondent({ ...parts, now });
  }

  /**
   * Fetches the study and opens the device's storage; a report that an earlier visit could not send is
   * sent in the background, with the events `sent` or `error`.
   * @throws ChoraleError `INSECURE_CONTEXT`, `SECURE_RANDOM_UNAVAILABLE`, `STORAGE_UNAVAILABLE`,
   *   `STUDY_UNKNOWN`, `CONNECTION_LOST`, `MANIFEST_INVALID`; the refusal of a coordinator that is busy; ManifestMismatchError.
   */
  static open(options: OpenOptions): Promise<Chorale> {
    return Chorale.#open(options);
  }

  static {
    openProfile = (options, profile) => Chorale.#open(options, profile);
  }

  static async #open(
    { coordinator, study: id, manifest: pin, token, maxEpsilon }: OpenOptions,
    profile?: string,
  ): Promise<Chorale> {
    const random = platformRandom();
    const study = await fetchStudy({ coordinator, study: id, pin });
    const store = new IndexedDbStore({ profile });
    const ledger = new Ledger({ store, maxEpsilon });
    const lock = new WebLock({ profile });
    // Found out now, not after somebody answered twenty questions.
    await store.spends();
    const sender = new ReportSender({ coordinator, study: id, token, random, page: globalThis });
    const connection = new LazyConnection({ coordinator, token, random });
    const lifecycle = new PageLifecycle(globalThis, { onSuspend: () => connection.disconnect() });
    const chorale = new Chorale({ study, sender, connection, store, ledger, lock, lifecycle, random });
    void chorale.#resend();
    return chorale;
  }

  get manifest(): Manifest {
    return this.#parts.study.manifest;
  }

  /** The study's identity, `sha256-…`. */
  get manifestHash(): string {
    return this.#parts.study.hash;
  }

  /** Keeps answers on this device; nothing is sent. @throws ChoraleError `ANSWER_INVALID`, `STORAGE_UNAVAILABLE`. */
  saveAnswers(answers: Answers): Promise<void> {
    return this.#respondent.saveAnswers(answers);
  }

  savedAnswers(): Promise<Answers | null> {
    return this.#respondent.savedAnswers();
  }

  /**
   * Randomizes these answers into the device's one report and sends it; resolves when the coordinator
   * has stored it, which without a network takes as long as that does. The same answers again give the
   * same receipt. Its errors are events as well.
   * @throws ChoraleError `ALREADY_ANSWERED`, `ANSWER_INVALID`, `REPORT_EXPIRED`, `STORAGE_UNAVAILABLE`, or the
   *   coordinator's refusal, of which `STUDY_CLOSED` comes before anything is charged wherever the coordinator can be
   *   asked first; BudgetExceededError; ManifestMismatchError.
   */
  async answer(answers: Answers, { signal }: { signal?: AbortSignal } = {}): Promise<Receipt> {
    try {
      const receipt = await submitReport(answers, this.#sendOptions(signal));
      this.#emit('sent', { receipt });
      return receipt;
    } catch (error) {
      this.#emitError(error);
      throw error;
    }
  }

  /**
   * Whether the study takes no more reports, as the coordinator says just now; `false` where it cannot be asked.
   * @throws ChoraleError `CONNECTION_LOST` when this was closed.
   */
  isClosed(): Promise<boolean> {
    return this.#parts.sender.isClosed({ signal: this.#closed.signal });
  }

  /** Whether somebody said on this device that they never want to take part in this study. */
  declined(): Promise<boolean> {
    return this.#parts.store.declined(this.manifest.id);
  }

  /** Remembers that decision, or forgets it. Nothing is sent either way. @throws ChoraleError `STORAGE_UNAVAILABLE`. */
  setDeclined(declined: boolean): Promise<void> {
    return this.#parts.store.putDeclined(this.manifest.id, declined);
  }

  /** Whether a report waits on this device for the coordinator. */
  async pending(): Promise<boolean> {
    const report = await this.#respondent.report();
    return report !== null && isUnsent(report);
  }

  /** Proof of what was sent; `null` before it was acknowledged. */
  receipt(): Promise<Receipt | null> {
    return this.#parts.store.receipt(this.manifest.id);
  }

  /**
   * The receipt with what was sent and the secret by which it can be taken back, to be kept outside the browser; `null`
   * before the report was acknowledged. Of an erased report, what was sent is missing.
   */
  async receiptFile(): Promise<(Receipt & { report: string | null; secret: string | undefined }) | null> {
    const { store } = this.#parts;
    const { id } = this.manifest;
    const [receipt, report, draw] = await Promise.all([store.receipt(id), store.report(id), store.draw(id)]);
    return receipt === null ? null : { ...receipt, report: report?.text ?? null, secret: draw?.secret };
  }

  /**
   * Takes the report back: the coordinator deletes it, unless a published number holds it. Asked until there is an
   * answer, which is final. The invitation stays used, and what was charged stays charged.
   * @throws ChoraleError `RECEIPT_INVALID` where this device has no acknowledged report with a secret,
   *   `STORAGE_UNAVAILABLE`, or the coordinator's refusal; the signal's reason.
   */
  async withdraw({ signal }: { signal?: AbortSignal } = {}): Promise<'withdrawn' | 'released'> {
    const { sender, lock } = this.#parts;
    const either = anyOf(this.#closed.signal, signal);
    const secret = await this.#respondent.secret();
    const ask = () => sender.withdrawReport(secret, { signal: either });
    const { outcome } = await sender.repeat(ask, { signal: either });
    await lock.run('device', () => this.#respondent.settleWithdrawal(outcome), { signal: either });
    return outcome;
  }

  /**
   * Raw answers beside what was made of them, question by question; `null` before there is a report.
   * @param words what answers are called; English without it.
   */
  async sent(words?: AnswerWords): Promise<SentAnswer[] | null> {
    const report = await this.#respondent.report();
    const { channels } = this.#parts.study;
    if (report === null || words === undefined || channels === null) return report?.sent ?? null;
    return report.sent.map((row) => sentInWords(row, { answers: report.answers, channels, words }));
  }

  /**
   * What this device has spent over all studies, and on what.
   * @throws ChoraleError `CONNECTION_LOST` when what counts a site's samples, where there are some, cannot be fetched.
   */
  async ledger(): Promise<{ balances: LedgerBalance[]; entries: SpendRecord[] }> {
    const { ledger } = this.#parts;
    return { balances: await ledger.balances(), entries: await ledger.entries() };
  }

  /** The rows put before, or `null`. @throws ChoraleError `TRAINING_ABSENT`, `TRAINING_DATA_INVALID`. */
  async records(): Promise<EncodedRecords | null> {
    const task = this.#task();
    const { storedRecords } = await lazyPart(import('./training/device-records.ts'));
    return storedRecords(task, { store: this.#parts.store, study: this.manifest.id });
  }

  /** Keeps rows to train on, as `encodeTable` makes them; they never leave. @throws as `records`. */
  async putRecords(records: EncodedRecords): Promise<void> {
    const task = this.#task();
    const { fits } = await lazyPart(import('./training/device-records.ts'));
    if (!fits(task, records)) throw new ChoraleError('TRAINING_DATA_INVALID', 'the records do not fit the task');
    await this.#parts.store.putRecords(this.manifest.id, { ...records, id: crypto.randomUUID() });
  }

  /**
   * Takes part in the study's rounds until all are done, the device's budget is spent, or it has contributed as
   * often as the study allows; one tab of a device trains, others wait for their turn. Ends when the reader stops reading.
   * @throws ChoraleError `TRAINING_ABSENT`, `NOISELESS_REFUSED`, `TRAINING_DATA_INVALID`,
   *   `ENGINE_UNAVAILABLE`, `STORAGE_UNAVAILABLE`, `CONNECTION_LOST` when a part of the SDK cannot be
   *   fetched, or the coordinator's refusal.
   */
  async *train({ noiseless = false, signal, engines }: TrainOptions = {}): AsyncGenerator<
    TrainingEvent,
    void,
    undefined
  > {
    const { store } = this.#parts;
    const study = this.manifest.id;
    // Most pages never train: its code is loaded here.
    const [{ train }, { deviceRecords }, connection] = await Promise.all([
      lazyPart(import('./training/trainer.ts')),
      lazyPart(import('./training/device-records.ts')),
      this.#parts.connection.load(),
    ]);
    const startTrainer: TrainerOptions['startTrainer'] = async (options) => {
      const records = await deviceRecords(options.task, { store, study });
      const { TrainingWorker } = await lazyPart(import('./training/training-worker.ts'));
      return TrainingWorker.start({
        ...options,
        records,
        recordsId: records.id,
        ...(engines === undefined ? {} : { candidates: engines }),
      });
    };
    yield* train(
      { ...this.#parts, connection, now, noiseless, startTrainer },
      anyOf(this.#closed.signal, this.#training.signal, signal),
    );
  }

  /**
   * Forgets this study's answers, report and rows on this device. What was spent stays spent, and what
   * was acknowledged stays with the coordinator.
   */
  async erase(): Promise<void> {
    this.#sending.abort(
      new ChoraleError('ALREADY_ANSWERED', 'the report was erased from this device before it was sent'),
    );
    this.#sending = new AbortController();
    // A worker holds its own copy of the rows.
    this.#training.abort();
    this.#training = new AbortController();
    const { lock, store } = this.#parts;
    await lock.run('device', () => store.erase(this.manifest.id), { signal: this.#closed.signal });
  }

  /** Stops whatever is under way and lets go of socket, storage and locks; a stored report stays. */
  close(): void {
    this.#closed.abort(new ChoraleError('CONNECTION_LOST', 'it was closed'));
    this.#parts.lifecycle.close();
    this.#parts.connection.disconnect();
    this.#parts.store.close();
  }

  async #resend(): Promise<void> {
    try {
      if (await this.pending()) this.#emit('sent', { receipt: await deliverReport(this.#sendOptions()) });
    } catch (error) {
      this.#emitError(error);
    }
  }

  #sendOptions(signal?: AbortSignal): SubmitOptions {
    return {
      ...this.#parts,
      respondent: this.#respondent,
      signal: anyOf(this.#closed.signal, this.#sending.signal, signal),
      onStored: (report) => this.#emit('progress', { step: 'stored', report }),
      onRetry: (retry) => this.#emit('progress', { step: 'retrying', ...retry }),
    };
  }

  #task(): NonNullable<Manifest['training']> {
    return trainingTask(this.#parts.study, { noiseless: true });
  }

  #emitError(error: unknown): void {
    if (error instanceof ChoraleError && !this.#closed.signal.aborted) this.#emit('error', error);
  }

  #emit<K extends keyof ChoraleEvents>(type: K, detail: ChoraleEvents[K]['detail']): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const now = (): Date => new Date();

/** @throws ChoraleError `INSECURE_CONTEXT`, `SECURE_RANDOM_UNAVAILABLE`. */
function platformRandom(): RandomSource {
  if (globalThis.crypto?.subtle === undefined) {
    throw new ChoraleError('INSECURE_CONTEXT', 'WebCrypto is missing: serve the page over HTTPS or from localhost');
  }
  try {
    const random = secureRandom();
    random.nextUint32();
    return random;
  } catch (cause) {
    throw new ChoraleError('SECURE_RANDOM_UNAVAILABLE', 'this browser gives no secure random numbers', { cause });
  }
}

function anyOf(...signals: (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}
