import type { Checker } from './checker/checker.ts';
import type { Fault } from './faults.ts';
import type { SimulationRandom } from './random.ts';
import type { SimulatedManifest } from './study-draw.ts';
import type { Trace } from './trace.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What all parts of one simulated world share. */
export type Surroundings = {
  readonly clock: VirtualClock;
  readonly random: SimulationRandom;
  readonly faults: ReadonlySet<Fault>;
  readonly checker: Checker;
  readonly trace: Trace;
  readonly study: { manifest: SimulatedManifest; hash: string };
  /** Probability that an invited client does not contribute. */
  readonly dropout: number;
  /** Code under test is about to run: the next event waits until all its promises have settled. */
  readonly touch: () => void;
};
