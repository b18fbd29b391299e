import type { StudySummary } from '@chorale/protocol';
import type { Store } from '../storage/store.ts';
import type { PublishedStudy, StudyRegistry } from './study-registry.ts';

/** One line about a study; the count of its reports is live. [E4] */
export async function summarizeStudy(
  { manifest, hash }: PublishedStudy,
  { store, studies }: { store: Store; studies: StudyRegistry },
): Promise<StudySummary> {
  return {
    id: manifest.id,
    title: manifest.title,
    manifest: hash,
    simulated: manifest.simulated,
    survey: manifest.survey !== undefined,
    training: manifest.training?.clients ?? null,
    state: await studies.state(manifest.id),
    voices: await store.countReports(manifest.id),
  };
}
