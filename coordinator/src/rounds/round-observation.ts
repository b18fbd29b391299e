import type { Guarantee, RoundShape } from '@chorale/protocol';
import type { Phase, Round } from './training-state.ts';

/** What metrics are made of; never who took part. Durations are in milliseconds. */
export type RoundObservation = { readonly study: string } & (
  | { readonly type: 'phase'; readonly phase: Phase['state'] }
  | {
      readonly type: 'ended';
      readonly kind: Round['kind'];
      readonly outcome: 'committed' | 'abandoned';
      readonly shape: RoundShape;
      readonly durationMs: number;
      /** What a client has spent that took part as often as it could so far. */
      readonly spent: readonly Guarantee[];
    }
  | { readonly type: 'clients'; readonly waiting: number }
);

export type Observe = (observation: RoundObservation) => void;
