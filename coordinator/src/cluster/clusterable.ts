import { ChoraleError, type Manifest } from '@chorale/protocol';

/**
 * Whether several nodes can run a study's rounds.
 * @throws ChoraleError `MANIFEST_INVALID` for a rule of aggregation that needs all updates in one place [A4]
 */
export function requireClusterable({ id, training }: Pick<Manifest, 'id' | 'training'>): void {
  const { rule } = training?.aggregation ?? { rule: 'mean' };
  if (rule === 'coordinate-median' || rule === 'trimmed-mean') {
    throw new ChoraleError('MANIFEST_INVALID', `study ${id}: ${rule} needs a coordinator of one node`);
  }
}
