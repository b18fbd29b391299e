import type { Chorale } from '../chorale.ts';
import type { AnswersDraft } from './answers-draft.ts';
import type { Action, ActionStep } from './confirmed-action.ts';
import { download } from './download.ts';
import type { SurveyScreen } from './survey-screen.ts';
import type { Words } from './words.ts';

export type SentActionsOptions = {
  chorale: Chorale;
  screen: SurveyScreen;
  draft: AnswersDraft;
  words: () => Words | undefined;
  /** Aborted when the visit ends; nothing is shown after it. */
  signal: AbortSignal;
};

/** What somebody sees and may do once their report was sent: the receipt, taking the report back, erasing. */
export class SentActions {
  readonly #options: SentActionsOptions;

  constructor(options: SentActionsOptions) {
    this.#options = options;
  }

  /** @param options.again the report was sent before this visit, or just now. */
  async show({ again }: { again: boolean }): Promise<void> {
    const { chorale, screen, signal, words } = this.#options;
    const [receipt, sent, { balances }] = await Promise.all([
      chorale.receipt(),
      chorale.sent(words()?.answers),
      chorale.ledger(),
    ]);
    if (signal.aborted) return;
    const idle = { confirming: null, withdrawing: false };
    await screen.replace({ state: 'sent', again, ...idle, receipt: receipt!, sent: sent ?? [], balances }, 'sent');
  }

  /** Says what was sent in other words. */
  async rename({ answers }: Words): Promise<void> {
    const { chorale, screen } = this.#options;
    const { view } = screen;
    if (view.state !== 'sent') return;
    const sent = await chorale.sent(answers);
    if (screen.view === view && sent !== null) screen.view = { ...view, sent };
  }

  /** @throws ChoraleError where it cannot be done. */
  async act(action: Action, step: ActionStep): Promise<void> {
    const { screen } = this.#options;
    const { view } = screen;
    if (view.state !== 'sent') return;
    if (step === 'confirm') {
      await (action === 'erase' ? this.#erase(view.receipt.withdrawal === 'withdrawn') : this.#withdraw());
      return;
    }
    screen.view = { ...view, confirming: step === 'ask' ? action : null };
    await screen.focus(step === 'ask' ? `${action}-confirm` : action);
  }

  /** The receipt as a file. @throws ChoraleError `STORAGE_UNAVAILABLE`. */
  async download(): Promise<void> {
    const file = await this.#options.chorale.receiptFile();
    if (file !== null) download(`chorale-receipt-${file.study}.json`, file);
  }

  async #erase(withdrawn: boolean): Promise<void> {
    const { chorale, screen, draft, signal } = this.#options;
    await chorale.erase();
    draft.restore(null);
    const { balances } = await chorale.ledger();
    if (signal.aborted) return;
    screen.view = { state: 'erased', balances, withdrawn };
    screen.tell('chorale:erased', { study: chorale.manifest.id });
    await screen.focus('erased');
  }

  async #withdraw(): Promise<void> {
    const { chorale, screen, signal } = this.#options;
    if (screen.view.state === 'sent') screen.view = { ...screen.view, confirming: null, withdrawing: true };
    await screen.focus('withdrawing');
    const outcome = await chorale.withdraw({ signal });
    await this.show({ again: true });
    screen.tell('chorale:withdrawn', { study: chorale.manifest.id, outcome });
    if (screen.holdsFocus || outcome === 'released')
      await screen.focus(outcome === 'withdrawn' ? 'sent' : 'withdraw-released');
  }
}
