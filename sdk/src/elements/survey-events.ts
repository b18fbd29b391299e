import type { ErrorCode } from '@chorale/protocol';
import type { Chorale } from '../chorale.ts';
import type { Receipt } from '../storage/device-store.ts';

/** Events of `<chorale-survey>`; all bubble and leave shadow roots. None carries an answer. */
export type SurveyEvents = {
  /**
   * The study is open on this device, for the first time or again after the element was put back. `chorale` is closed
   * with the element; `receipt` is there if the device has answered before.
   */
  'chorale:ready': CustomEvent<{ chorale: Chorale; receipt: Receipt | null }>;
  /** The report is drawn, charged and stored here: from now on it cannot get lost. */
  'chorale:answered': CustomEvent<{ study: string }>;
  /** The coordinator has it. */
  'chorale:sent': CustomEvent<{ receipt: Receipt }>;
  /** The employee has asked for the report back: it is deleted, or stays because a published number holds it. */
  'chorale:withdrawn': CustomEvent<{ study: string; outcome: 'withdrawn' | 'released' }>;
  /** The employee has erased what this device kept of the study. */
  'chorale:erased': CustomEvent<{ study: string }>;
  /** Something failed, and the element says so; with `retryAfterMs` it tries again by itself. */
  'chorale:error': CustomEvent<{ code: ErrorCode; message: string; retryAfterMs?: number | undefined }>;
};

declare global {
  interface HTMLElementEventMap extends SurveyEvents {}
}
