import type { Answers } from '@chorale/protocol';
import type {
  DeviceStore,
  MemoizedNoise,
  QuestionDraw,
  Receipt,
  SpendRecord,
  StoredReport,
  StoredUpdate,
} from './device-store.ts';
import { spendKey } from './spend-key.ts';

/**
 * The device store of a simulated employee, in a process that plays thousands of them: it forgets
 * everything when the process ends, so it is no store for a person's device. Each change is made
 * without a pause, hence whole or not at all.
 */
export class MemoryDeviceStore implements DeviceStore {
  readonly #answers = new Map<string, Answers>();
  readonly #declined = new Set<string>();
  readonly #draws = new Map<string, QuestionDraw>();
  readonly #reports = new Map<string, StoredReport>();
  readonly #memo = new Map<string, MemoizedNoise>();
  readonly #receipts = new Map<string, Receipt>();
  readonly #spends = new Map<string, SpendRecord>();
  readonly #updates = new Map<string, Map<number, StoredUpdate>>();
  readonly #records = new Map<string, unknown>();

  async answers(study: string): Promise<Answers | null> {
    return copy(this.#answers.get(study));
  }

  async putAnswers(study: string, answers: Answers): Promise<void> {
    this.#answers.set(study, structuredClone(answers));
  }

  async declined(study: string): Promise<boolean> {
    return this.#declined.has(study);
  }

  async putDeclined(study: string, declined: boolean): Promise<void> {
    if (declined) this.#declined.add(study);
    else this.#declined.delete(study);
  }

  async draw(study: string): Promise<QuestionDraw | null> {
    return copy(this.#draws.get(study));
  }

  async report(study: string): Promise<StoredReport | null> {
    return copy(this.#reports.get(study));
  }

  async commitReport(change: Parameters<DeviceStore['commitReport']>[0]): Promise<void> {
    const { draw, report, memo, spend } = structuredClone(change);
    this.#draws.set(draw.study, draw);
    this.#reports.set(report.study, report);
    for (const [key, noise] of memo) this.#memo.set(key, noise);
    this.#spends.set(spendKey(spend), spend);
  }

  async settleReport(change: Parameters<DeviceStore['settleReport']>[0]): Promise<void> {
    const { report, receipt } = structuredClone(change);
    this.#reports.set(report.study, report);
    if (receipt !== null) this.#receipts.set(receipt.study, receipt);
  }

  async memo(key: string): Promise<MemoizedNoise | null> {
    return copy(this.#memo.get(key));
  }

  async receipt(study: string): Promise<Receipt | null> {
    return copy(this.#receipts.get(study));
  }

  async putReceipt(receipt: Receipt): Promise<void> {
    this.#receipts.set(receipt.study, structuredClone(receipt));
  }

  async receipts(): Promise<Receipt[]> {
    return structuredClone([...this.#receipts.values()]);
  }

  async spends(): Promise<SpendRecord[]> {
    return structuredClone([...this.#spends.values()]);
  }

  async commitUpdate(change: Parameters<DeviceStore['commitUpdate']>[0]): Promise<void> {
    const { update, spends } = structuredClone(change);
    const rounds = this.#updates.get(update.study) ?? new Map<number, StoredUpdate>();
    this.#updates.set(update.study, rounds.set(update.round, update));
    for (const spend of spends) this.#spends.set(spendKey(spend), spend);
  }

  async update(study: string, round: number): Promise<StoredUpdate | null> {
    return copy(this.#updates.get(study)?.get(round));
  }

  async deleteUpdates(study: string, { throughRound }: { throughRound: number }): Promise<void> {
    const rounds = this.#updates.get(study);
    for (const round of rounds?.keys() ?? []) if (round <= throughRound) rounds?.delete(round);
  }

  async records(study: string): Promise<unknown> {
    return copy(this.#records.get(study));
  }

  async putRecords(study: string, records: unknown): Promise<void> {
    this.#records.set(study, structuredClone(records));
  }

  async erase(study: string): Promise<void> {
    for (const map of [this.#answers, this.#reports, this.#updates, this.#records]) map.delete(study);
    const receipt = this.#receipts.get(study);
    if (receipt !== undefined) this.#receipts.set(study, { ...receipt, reportHash: null });
  }

  close(): void {}
}

function copy<T>(value: T | undefined): T | null {
  return value === undefined ? null : structuredClone(value);
}
