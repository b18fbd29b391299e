import type { Answers, Manifest } from '@chorale/protocol';

/**
 * Questions that the page itself shows, in the slot `questions` of a `<chorale-survey>`. The element keeps all else: nothing
 * is asked before its notice was shown and somebody took part, and it sends, shows what was sent, and erases.
 */
export type OwnQuestions = {
  /** Told of the study before anything is shown. @throws ChoraleError where these are not its questions; the element says so. */
  check: (manifest: Manifest) => void;
  /** Told each time that the questions are shown: after somebody took part, at a later visit, and after a failure. */
  ask: (asking: Asking) => void;
};

export type Asking = {
  /** What this device kept of an earlier visit. */
  answers: Answers;
  /** Keeps answers on this device; nothing is sent. Nothing happens once the questions are no longer shown. */
  save: (answers: Answers) => void;
  /** Randomizes these answers and sends the report, as the button of the element's own form does; the same holds. */
  send: (answers: Answers) => void;
  /** Shows what went wrong in the place of the questions, with the event `chorale:error`; the same holds. */
  fail: (error: unknown) => void;
};
