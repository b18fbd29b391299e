import { sha256Name } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';
import { releasedText } from '../surveys/released-counts.ts';
import type { StudyTally } from '../surveys/study-tally.ts';

type ReleaseStore = Pick<Store, 'lastRelease' | 'recordRelease'>;

/**
 * Records that results were given out, before they are: of a study that is open its first block and then whenever the
 * blocks have doubled, so that the log grows with the logarithm of the reports; of a closed one whatever came since. [O5]
 */
export class ReleaseLog {
  readonly #store: ReleaseStore;
  readonly #now: () => number;
  readonly #recorded = new Map<string, number>();

  /** @param options.now milliseconds since 1970 */
  constructor({ store, now }: { store: ReleaseStore; now: () => number }) {
    this.#store = store;
    this.#now = now;
  }

  async note(study: { id: string; hash: string; isClosed: boolean }, tally: StudyTally): Promise<void> {
    const { id, hash, isClosed } = study;
    const { blocks } = tally;
    // The log itself is asked again before anything is written: another node may have been sooner.
    const known = this.#recorded.get(id) ?? (await this.#store.lastRelease(id))?.blocks ?? 0;
    this.#recorded.set(id, known);
    if (blocks <= known || (!isClosed && blocks < 2 * known)) return;
    const released = await sha256Name(releasedText(tally));
    await this.#store.recordRelease(
      { study: id, blocks },
      {
        at: new Date(this.#now()).toISOString(),
        actor: { type: 'coordinator' },
        action: 'results-released',
        subject: id,
        details: { manifest: hash, blocks, voices: tally.voices, released },
      },
    );
    this.#recorded.set(id, blocks);
  }
}
