import { informativeProbability, type RandomSource, sampleWithoutReplacement } from '@chorale/privacy';
import {
  type Answers,
  checkAnswer,
  ChoraleError,
  encodeAnswer,
  ManifestMismatchError,
  namedLetters,
  parseReport,
  PROTOCOL_VERSION,
  type QuestionChannel,
  type Report,
  type SurveyChannels,
} from '@chorale/protocol';
import { sha256Hex } from '../sha256-hex.ts';
import type { Ledger } from '../ledger.ts';
import type {
  DeviceStore,
  MemoizedNoise,
  QuestionDraw,
  Receipt,
  SentAnswer,
  SpendRecord,
  StoredReport,
} from '../storage/device-store.ts';
import type { Study } from '../study.ts';
import { inputInWords, letterInWords, rawInWords } from './answer-words.ts';
import { fixedBits, memoizedNoise } from './noise-memo.ts';

export type RespondentOptions = {
  study: Study;
  store: DeviceStore;
  ledger: Ledger;
  random: RandomSource;
  now: () => Date;
};

/** How long a report may wait for its coordinator: a device that comes back much later would surprise everybody. */
export const REPORT_LIFETIME_MS = 30 * 24 * 60 * 60 * 1000;

/** One employee's part in one study's survey: answers that stay, and the one report that is made of them. */
export class Respondent {
  readonly #study: Study;
  readonly #store: DeviceStore;
  readonly #ledger: Ledger;
  readonly #random: RandomSource;
  readonly #now: () => Date;

  constructor({ study, store, ledger, random, now }: RespondentOptions) {
    this.#study = study;
    this.#store = store;
    this.#ledger = ledger;
    this.#random = random;
    this.#now = now;
  }

  /** Keeps raw answers on the device. @throws ChoraleError `ANSWER_INVALID`, `STORAGE_UNAVAILABLE`. */
  async saveAnswers(answers: Answers): Promise<void> {
    this.#check(answers);
    await this.#store.putAnswers(this.#study.manifest.id, answers);
  }

  savedAnswers(): Promise<Answers | null> {
    return this.#store.answers(this.#study.manifest.id);
  }

  /**
   * The device's one report of these answers, charged and stored; a stored one is returned as it is,
   * whatever became of it. The caller holds the device's lock until it is sent.
   * @throws ChoraleError `ALREADY_ANSWERED` when other answers were reported, `ANSWER_INVALID`,
   *   `STORAGE_UNAVAILABLE`; BudgetExceededError; ManifestMismatchError.
   */
  async prepareReport(answers: Answers): Promise<StoredReport> {
    const { manifest, channels } = this.#study;
    if (channels === null) throw new ChoraleError('ANSWER_INVALID', 'this study asks no questions');
    this.#check(answers);
    const existing = await this.report();
    if (existing !== null) {
      if (!sameAnswers(channels, existing.answers, answers)) {
        throw new ChoraleError(
          'ALREADY_ANSWERED',
          'this device reported other answers before; a report is never changed',
        );
      }
      return existing;
    }
    if ((await this.#store.receipt(manifest.id)) !== null) {
      throw new ChoraleError('ALREADY_ANSWERED', 'this device answered before, and what it kept was erased');
    }
    return this.#makeReport(answers, channels);
  }

  /** The stored report. @throws ManifestMismatchError when it was made for another version of the study. */
  async report(): Promise<StoredReport | null> {
    const report = await this.#store.report(this.#study.manifest.id);
    if (report !== null && report.manifest !== this.#study.hash) {
      throw new ManifestMismatchError('the study changed after this device answered it');
    }
    return report;
  }

  /** @throws ChoraleError `REPORT_EXPIRED` for a report that was made so long ago that it is not sent any more. */
  requireFresh({ createdAt }: StoredReport): void {
    if (this.#now().getTime() - Date.parse(createdAt) <= REPORT_LIFETIME_MS) return;
    throw new ChoraleError('REPORT_EXPIRED', `the report was made at ${createdAt} and could not be sent since`);
  }

  /** Notes that the coordinator has the report; the receipt is of the first time that it said so. */
  async acknowledge(report: StoredReport, { duplicate }: { duplicate: boolean }): Promise<Receipt> {
    const { study, manifest, text, epsilon } = report;
    const [draw, known] = await Promise.all([this.#store.draw(study), this.#store.receipt(study)]);
    const at = report.state.state === 'acknowledged' ? report.state.at : this.#timestamp();
    const receipt: Receipt = {
      study,
      title: this.#study.manifest.title,
      manifest,
      reportHash: await sha256Hex(text),
      epsilon,
      sentAt: at,
      withdrawal: known?.withdrawal ?? (draw?.secret === undefined ? undefined : 'possible'),
    };
    await this.#store.settleReport({ report: { ...report, state: { state: 'acknowledged', at, duplicate } }, receipt });
    return receipt;
  }

  /** SHA-256 of the secret by which the report can be taken back; `undefined` for one of an older version. */
  async withdrawalHash(): Promise<string | undefined> {
    const secret = (await this.#store.draw(this.#study.manifest.id))?.secret;
    return secret === undefined ? undefined : sha256Hex(secret);
  }

  /** The secret by which an acknowledged report can be taken back. @throws ChoraleError `RECEIPT_INVALID` without one. */
  async secret(): Promise<string> {
    const { id } = this.#study.manifest;
    const [draw, receipt] = await Promise.all([this.#store.draw(id), this.#store.receipt(id)]);
    if (draw?.secret !== undefined && receipt?.withdrawal !== undefined) return draw.secret;
    throw new ChoraleError('RECEIPT_INVALID', 'this device has no receipt of a report that could be withdrawn');
  }

  /** Notes what became of the report when it was taken back. */
  async settleWithdrawal(withdrawal: 'withdrawn' | 'released'): Promise<void> {
    const receipt = await this.#store.receipt(this.#study.manifest.id);
    if (receipt !== null) await this.#store.putReceipt({ ...receipt, withdrawal });
  }

  /** Notes that the coordinator will not have the report. */
  async refuse(report: StoredReport, { code, message }: ChoraleError): Promise<void> {
    const state = { state: 'refused', at: this.#timestamp(), code, message } as const;
    await this.#store.settleReport({ report: { ...report, state }, receipt: null });
  }

  async #makeReport(answers: Answers, channels: SurveyChannels): Promise<StoredReport> {
    const { manifest, hash } = this.#study;
    await this.#store.putAnswers(manifest.id, answers);
    const draw = await this.#draw(channels);
    const drawn = draw.questions;
    const letters: Report['answers'] = [];
    const sent: SentAnswer[] = [];
    const memo = new Map<string, MemoizedNoise>();
    for (const [id, spec] of channels.byQuestion) {
      const { text } = spec.question;
      const raw = rawInWords(spec.question, answers[id]);
      if (!drawn.includes(id)) {
        sent.push({ state: 'not-drawn', question: id, text, raw });
        continue;
      }
      const { key, noise } = await memoizedNoise(spec, { store: this.#store, random: this.#random });
      memo.set(key, noise);
      const { input, letter } = privatizeAnswer(spec, answers[id] ?? null, noise);
      const { mechanism, outputs } = spec.channel;
      letters.push({ question: id, mechanism, outputs, letter });
      sent.push({
        state: 'sent',
        question: id,
        text,
        raw,
        input: inputInWords(spec, input),
        sent: letterInWords(spec, letter),
        keepProbability: spec.kind === 'shares' ? spec.channel.p : null,
        named: spec.kind === 'shares' ? namedLetters(spec, letter).length : 1,
        channelInput: input,
        letter,
      });
    }

    const text = JSON.stringify({
      protocol: PROTOCOL_VERSION,
      study: manifest.id,
      manifest: hash,
      answers: letters,
    } satisfies Report);
    parseReport(text, { manifest, hash, channels });
    const at = this.#timestamp();
    const epsilon = channels.realizedEpsilon;
    const spend = {
      study: manifest.id,
      title: manifest.title,
      kind: 'report',
      // Not the text's hash: two releases may say the same, and a hash would outlive an erasure.
      reference: crypto.randomUUID(),
      privacyUnit: 'employee',
      neighboringRelation: 'replace-one',
      loss: reportLoss(channels),
      at,
    } as const;
    await this.#ledger.check([spend]);
    const report: StoredReport = {
      study: manifest.id,
      manifest: hash,
      text,
      answers,
      sent,
      epsilon,
      createdAt: at,
      state: { state: 'pending' },
    };
    await this.#store.commitReport({
      draw,
      report,
      memo: [...memo],
      spend,
    });
    return report;
  }

  /**
   * The draw of before, or a new one: it must not follow from the answers, nor be tried twice. The secret is kept with
   * it, since a report that was erased here may have arrived.
   */
  async #draw({ byQuestion, questionsPerDevice }: SurveyChannels): Promise<QuestionDraw> {
    const { manifest, hash } = this.#study;
    const stored = await this.#store.draw(manifest.id);
    if (stored?.manifest === hash) return stored;
    const ids = [...byQuestion.keys()];
    const drawn = sampleWithoutReplacement({ count: questionsPerDevice, from: ids.length }, this.#random);
    const words = Array.from({ length: 8 }, () => this.#random.nextUint32().toString(16).padStart(8, '0'));
    return { study: manifest.id, manifest: hash, questions: drawn.map((i) => ids[i]!), secret: words.join('') };
  }

  #timestamp(): string {
    return this.#now().toISOString();
  }

  #check(answers: Answers): void {
    const { manifest, channels } = this.#study;
    const { training } = manifest;
    // An employee's row may hold columns that no question asks for.
    const columns =
      training?.clients === 'employee' ? [...training.features.map((f) => f.column), training.label.column] : [];
    for (const [id, answer] of Object.entries(answers)) {
      const spec = channels?.byQuestion.get(id);
      if (spec !== undefined) checkAnswer(spec.question, answer);
      else if (!columns.includes(id)) throw new ChoraleError('ANSWER_INVALID', `the study has no question ${id}`);
    }
  }
}

/**
 * What a report costs. Answers of letters tell one from another only at times, which many reports together profit from.
 * The most telling question of all stands for each that was drawn, a mean counting as one that always tells: a charge
 * that followed from the draw would let a device that is short of budget send the cheap draws only.
 */
function reportLoss({ byQuestion, questionsPerDevice }: SurveyChannels): SpendRecord['loss'] {
  const specs = [...byQuestion.values()];
  const informative = specs.map((spec) => {
    if (spec.kind === 'mean') return 1;
    const { realizedEpsilon, p, q } = spec.channel;
    return informativeProbability({ epsilon: realizedEpsilon, p, q });
  });
  return {
    mechanism: 'ternary',
    epsilon: Math.max(...specs.map(({ channel }) => channel.realizedEpsilon)),
    informative: Math.max(...informative),
    steps: questionsPerDevice,
  };
}

function privatizeAnswer(
  spec: QuestionChannel,
  answer: Answers[string],
  noise: MemoizedNoise,
): { input: number; letter: number } {
  const input = encodeAnswer(spec, answer, fixedBits(noise.rounding));
  const letter = noise.letters[input];
  if (letter === undefined) throw new RangeError(`input must have a memoized letter, got ${input}`);
  return { input, letter };
}

function sameAnswers({ byQuestion }: SurveyChannels, before: Answers, now: Answers): boolean {
  return [...byQuestion.keys()].every((id) => (before[id] ?? null) === (now[id] ?? null));
}
