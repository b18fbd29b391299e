import type { ChoraleError } from '@chorale/protocol';
import type { Retry } from './connection/retry.ts';
import type { Receipt, StoredReport } from './storage/device-store.ts';

/** How far the sending of a report is. */
export type SendProgress =
  /** It is on the device and charged: from now on it cannot get lost. */
  | { step: 'stored'; report: StoredReport }
  /** The coordinator cannot be reached or is busy; tried again after `waitMs`. */
  | { step: 'retrying'; error: Retry['error']; waitMs: number };

/** Events of a `Chorale`, by name. */
export type ChoraleEvents = {
  sent: CustomEvent<{ receipt: Receipt }>;
  progress: CustomEvent<SendProgress>;
  /** A report that was waiting on this device was refused, or could not be read. */
  error: CustomEvent<ChoraleError>;
};

/** An `EventTarget` whose listeners know what they get. */
export interface ChoraleEventTarget extends EventTarget {
  addEventListener<K extends keyof ChoraleEvents>(
    type: K,
    listener: (event: ChoraleEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof ChoraleEvents>(
    type: K,
    listener: (event: ChoraleEvents[K]) => void,
    options?: boolean | EventListenerOptions,
  ): void;
}
