import type { Question } from '@chorale/protocol';
import type { LitElement } from 'lit';
import type { LedgerBalance } from '../ledger.ts';
import type { Receipt, SentAnswer } from '../storage/device-store.ts';
import type { Action } from './confirmed-action.ts';
import type { SurveyEvents } from './survey-events.ts';

/** What a survey element shows. */
export type View =
  | { state: 'waiting'; told: boolean }
  | { state: 'loading' }
  | { state: 'failed'; error: unknown }
  /** The study takes no more answers. */
  | { state: 'closed'; charged: boolean; balances: readonly LedgerBalance[] }
  | { state: 'notice' }
  | { state: 'declined'; never: boolean }
  | { state: 'answering'; wrong: readonly Question[] }
  | { state: 'sending'; stored: boolean; offline: boolean }
  | {
      state: 'sent';
      again: boolean;
      confirming: Action | null;
      withdrawing: boolean;
      receipt: Receipt;
      sent: readonly SentAnswer[];
      balances: readonly LedgerBalance[];
    }
  | { state: 'erased'; balances: readonly LedgerBalance[]; withdrawn: boolean };

let screens = 0;

/** An element as whoever acts for it sees it: what it shows, where the focus is in it, and what its page is told. */
export class SurveyScreen {
  readonly #host: LitElement;
  readonly #prefix: string;
  #view: View = { state: 'waiting', told: false };

  constructor(host: LitElement) {
    this.#host = host;
    screens += 1;
    this.#prefix = `chorale-${screens}`;
  }

  get view(): View {
    return this.#view;
  }

  set view(view: View) {
    this.#view = view;
    this.redraw();
  }

  /** To be called where something changed that the view does not hold. */
  redraw(): void {
    this.#host.requestUpdate();
  }

  /** Id of a question's field. */
  fieldId({ id }: Question): string {
    return `${this.#prefix}-answer-${id}`;
  }

  /** Shows something else; focus that was within the element goes to what has this id there. */
  async replace(view: View, id: string): Promise<void> {
    const held = this.holdsFocus;
    this.view = view;
    if (held) await this.focus(id);
  }

  get holdsFocus(): boolean {
    return this.#host.matches(':focus-within');
  }

  /** Moves focus within the element, after what changed was rendered. */
  async focus(id: string): Promise<void> {
    await this.#host.updateComplete;
    this.#host.shadowRoot?.getElementById(id)?.focus();
  }

  tell<K extends keyof SurveyEvents>(type: K, detail: SurveyEvents[K]['detail']): void {
    this.#host.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}
