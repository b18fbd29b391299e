import {
  type Actor,
  canonicalManifest,
  ChoraleError,
  type Manifest,
  manifestHash,
  parseManifest,
  type StudyState,
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
  readonly #requireApproval: boolean;
  readonly #published = new Map<string, PublishedStudy>();
  readonly #purged = new Set<string>();

  /**
   * @param options.now milliseconds since 1970
   * @param options.check throws for a study that this coordinator cannot run: it is not published then
   * @param options.requireApproval publishes only what was approved as a draft or is published already, save what the
   *   program itself brings along
   */
  constructor({
    store,
    now,
    check = () => {},
    requireApproval = false,
  }: {
    store: Store;
    now: () => number;
    check?: ((manifest: Manifest) => void) | undefined;
    requireApproval?: boolean | undefined;
  }) {
    this.#store = store;
    this.#now = now;
    this.#check = check;
    this.#requireApproval = requireApproval;
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

  /** Whether a study takes no more reports and rounds. */
  async isClosed(id: string): Promise<boolean> {
    return (await this.state(id)) !== 'open';
  }

  /** How far a study's life is. A study that was purged stays so: it is asked for no more. */
  async state(id: string): Promise<StudyState> {
    if (this.#purged.has(id)) return 'purged';
    const end = await this.#store.studyEnd(id);
    if (end === null) return 'open';
    if (end.purged === null) return 'closed';
    this.#purged.add(id);
    return 'purged';
  }

  /**
   * Publishes a study without approval; doing so again with the same manifest changes nothing.
   * @throws ChoraleError `STUDY_CONFLICT` when the id is taken by another manifest, `MANIFEST_INVALID`, or
   *   `APPROVAL_REQUIRED` where this coordinator wants one
   */
  async publish(
    manifest: Manifest,
    actor: Actor,
  ): Promise<{ outcome: 'created' | 'unchanged'; study: PublishedStudy }> {
    await this.requireRunnable(manifest);
    const hash = await manifestHash(manifest);
    if (
      this.#requireApproval &&
      actor.type !== 'coordinator' &&
      (await this.#store.getStudy(manifest.id))?.hash !== hash
    ) {
      throw new ChoraleError(
        'APPROVAL_REQUIRED',
        `study ${manifest.id}: this coordinator publishes only what a second person has approved`,
      );
    }
    const publishedAt = new Date(this.#now()).toISOString();
    const outcome = await this.#store.putStudy(
      { id: manifest.id, hash, manifest: canonicalManifest(manifest), publishedAt },
      {
        at: publishedAt,
        actor,
        action: 'study-published',
        subject: manifest.id,
        details: { manifest: hash, approved: false },
      },
    );
    return { outcome, study: await this.get(manifest.id) };
  }

  /** @throws ChoraleError `MANIFEST_INVALID` for a study whose mechanisms cannot be, or that cannot run here */
  async requireRunnable(manifest: Manifest): Promise<void> {
    if (manifest.survey !== undefined) buildChannels(manifest.survey);
    this.#check(manifest);
    if (manifest.series !== undefined) this.#checkSeries(manifest, await this.list());
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
