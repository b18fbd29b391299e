/** Runs a callback once after a delay; the function it returns cancels it. */
export type Schedule = (callback: () => void, delayMs: number) => () => void;

/** Longest delay that a timer takes: 2^31 - 1 ms; beyond it fires at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Timers of the platform. A longer delay than they can take ends early, so callers look at the clock. */
export const platformTimers: Schedule = (callback, delayMs) => {
  const timer = setTimeout(callback, Math.min(LONGEST_DELAY_MS, Math.max(0, delayMs)));
  return () => clearTimeout(timer);
};
