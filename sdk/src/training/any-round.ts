/**
 * Under this number lies what a device contributes to a one-shot task, whichever round asks for it: later than any round, so
 * that it stays until the task is done.
 */
export const ANY_ROUND = Number.MAX_SAFE_INTEGER;
