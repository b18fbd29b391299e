import {
  canonicalManifest,
  ChoraleError,
  type Manifest,
  manifestHash,
  parseManifest,
  surveyChannels,
  type SurveyChannels,
} from '@chorale/protocol';
import type { Store, StudyRecord } from '../storage/store.ts';

/** A published study, ready for use. */
export type PublishedStudy = {
  manifest: Manifest;
  /** Identity of the study: the hash of its canonical JSON. */
  hash: string;
  /** How its answers are randomized; `null` without a survey. */
  channels: SurveyChannels | null;
  publishedAt: string;
};

/** A published study that has a survey. */
export type SurveyStudy = PublishedStudy & { channels: SurveyChannels };

export function hasSurvey(study: PublishedStudy): study is SurveyStudy {
  return study.channels !== null;
}

/**
 * The studies of this coordinator. A study never changes once it is published, so each is parsed and
 * its channels are built once.
 */
export class StudyRegistry {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #check: (manifest: Manifest) => void;
  readonly #published = new Map<string, PublishedStudy>();

  /**
   * @param options.now milliseconds since 1970
   * @param options.check throws for a study that this coordinator cannot run: it is not published then
   */
  constructor({
    store,
    now,
    check = () => {},
  }: {
    store: Store;
    now: () => number;
    check?: ((manifest: Manifest) => void) | undefined;
  }) {
    this.#store = store;
    this.#now = now;
    this.#check = check;
  }

  /** @throws ChoraleError `STUDY_UNKNOWN` */
  async get(id: string): Promise<PublishedStudy> {
    const known = this.#published.get(id);
    if (known !== undefined) return known;
    const record = await this.#store.getStudy(id);
    if (record === null) throw new ChoraleError('STUDY_UNKNOWN', 'this coordinator has no such study');
    return this.#remember(record);
  }

  /** In the order of their publication. */
  async list(): Promise<PublishedStudy[]> {
    const records = await this.#store.listStudies();
    return records.map((record) => this.#published.get(record.id) ?? this.#remember(record));
  }

  /**
   * Publishes a study; doing so again with the same manifest changes nothing.
   * @throws ChoraleError `STUDY_CONFLICT` when the id is taken by another manifest, `MANIFEST_INVALID`.
   */
  async publish(manifest: Manifest): Promise<{ outcome: 'created' | 'unchanged'; study: PublishedStudy }> {
    // The channels are built first: a manifest whose mechanisms cannot be is not kept.
    if (manifest.survey !== undefined) buildChannels(manifest.survey);
    this.#check(manifest);
    if (manifest.series !== undefined) this.#checkSeries(manifest, await this.list());
    const outcome = await this.#store.putStudy({
      id: manifest.id,
      hash: await manifestHash(manifest),
      manifest: canonicalManifest(manifest),
      publishedAt: new Date(this.#now()).toISOString(),
    });
    return { outcome, study: await this.get(manifest.id) };
  }

  /** Waves are compared group by group, and promise the same minimum. @throws ChoraleError `MANIFEST_INVALID` */
  #checkSeries({ id, series, groups, publishing }: Manifest, published: readonly PublishedStudy[]): void {
    for (const { manifest: wave } of published.filter((study) => study.manifest.series === series)) {
      if (wave.id === id) continue;
      const refuse = (what: string, theirs: string | number, own: string | number): never => {
        throw new ChoraleError(
          'MANIFEST_INVALID',
          `manifest at ${what}: the series ${series} has ${theirs}, not ${own}`,
        );
      };
      const { minimumGroupSize } = wave.publishing;
      if (wave.groups.attribute !== groups.attribute)
        refuse('groups.attribute', wave.groups.attribute, groups.attribute);
      if (minimumGroupSize !== publishing.minimumGroupSize)
        refuse('publishing.minimumGroupSize', minimumGroupSize, publishing.minimumGroupSize);
    }
  }

  #remember(record: StudyRecord): PublishedStudy {
    const manifest = parseManifest(JSON.parse(record.manifest));
    const channels = manifest.survey === undefined ? null : surveyChannels(manifest.survey);
    const study = { manifest, hash: record.hash, channels, publishedAt: record.publishedAt };
    this.#published.set(record.id, study);
    return study;
  }
}

function buildChannels(survey: NonNullable<Manifest['survey']>): void {
  try {
    surveyChannels(survey);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'its channels cannot be built';
    throw new ChoraleError('MANIFEST_INVALID', `manifest at survey: ${reason}`, { cause });
  }
}
