import { onTestFinished } from 'vitest';
import { ALL_FAULTS, type Fault } from '../faults.ts';
import { simulate, type SimulationOptions } from '../simulation.ts';
import type { SimulationResult } from '../simulation-result.ts';
import { openSimulationStore } from '../simulation-store.ts';

/** Simulates a few hundred rounds with all faults over a real store, unless told otherwise. */
export async function simulateBriefly(
  options: Partial<SimulationOptions> & { without?: readonly Fault[] } = {},
): Promise<SimulationResult> {
  const { without = [], ...rest } = options;
  const { store, close } = await openSimulationStore({});
  onTestFinished(close);
  const faults = new Set(ALL_FAULTS.filter((fault) => !without.includes(fault)));
  return simulate({
    clients: 8,
    rounds: 200,
    dropout: 0.1,
    seed: 1,
    studies: 8,
    mode: 'both',
    faults,
    store,
    ...rest,
  });
}
