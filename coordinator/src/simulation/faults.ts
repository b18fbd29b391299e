/** What can go wrong in a simulated world, by name; each can be had alone. */
const FAULTS = {
  slow: 'clients that answer at the deadline or after it',
  declines: 'clients that decline a round',
  leaving: 'clients that leave for good, and perhaps come back',
  reconnects: 'connections that are lost in any phase, and clients that take over their seat from another one',
  duplicates: 'messages that arrive twice, by whatever way',
  reordering: 'messages that overtake each other, also those of earlier rounds',
  seconds: 'second, different updates',
  malformed: 'updates of the wrong length or out of bounds',
  strangers: 'updates and declines for rounds that the client is not invited to, or that are not open',
  clock: 'a clock that is set forwards and back, and timers that fire a little early or late',
  store: 'a store that fails before or after it has written, for a while or once, and that is slow',
  'late-writes': 'a store that does what it has reported as failed, as a database does whose connection broke',
  restarts: 'a coordinator that is killed or stopped at any moment',
} as const;

export type Fault = keyof typeof FAULTS;

const NAMES = Object.keys(FAULTS) as readonly Fault[];

/** What `all` stands for. A write that is done after it failed can be had by its name alone. */
export const ALL_FAULTS: readonly Fault[] = NAMES.filter((name) => name !== 'late-writes');

/**
 * Reads a list of faults: `all`, `none`, or names with commas between them.
 * @throws RangeError for another name
 */
export function parseFaults(text: string): ReadonlySet<Fault> {
  if (text === 'all') return new Set(ALL_FAULTS);
  if (text === 'none') return new Set();
  return new Set(
    text.split(',').map((name) => {
      const fault = NAMES.find((known) => known === name.trim());
      if (fault === undefined) {
        throw new RangeError(`faults must be all, none or names of ${NAMES.join(', ')}, got ${text}`);
      }
      return fault;
    }),
  );
}
