import {
  type Actor,
  canonicalManifest,
  ChoraleError,
  type Draft,
  type Manifest,
  manifestHash,
  parseManifest,
} from '@chorale/protocol';
import type { DraftRecord } from '../storage/oversight-store.ts';
import type { Store } from '../storage/store.ts';
import type { PublishedStudy, StudyRegistry } from '../surveys/study-registry.ts';
import { requirePermission, requirePerson } from './permissions.ts';

type DraftStore = Pick<
  Store,
  'putDraft' | 'getDraft' | 'listDrafts' | 'approveDraft' | 'discardDraft' | 'publishDraft'
>;

/** Studies before they are published: one person proposes, another approves exactly that, either publishes. [O2] [O3] */
export class Drafts {
  readonly #store: DraftStore;
  readonly #studies: StudyRegistry;
  readonly #now: () => number;

  /** @param options.now milliseconds since 1970 */
  constructor({ store, studies, now }: { store: DraftStore; studies: StudyRegistry; now: () => number }) {
    this.#store = store;
    this.#studies = studies;
    this.#now = now;
  }

  /**
   * Proposes a study, or another manifest in the place of one that was proposed.
   * @throws ChoraleError `PERMISSION_DENIED`, `STUDY_CONFLICT`, `MANIFEST_INVALID`
   */
  async propose(
    manifest: Manifest,
    actor: Actor,
  ): Promise<{ outcome: 'created' | 'changed' | 'unchanged'; hash: string }> {
    requirePermission(actor, 'propose', 'proposing a study');
    const proposer = requirePerson(actor, 'proposing a study');
    await this.#studies.requireRunnable(manifest);
    const hash = await manifestHash(manifest);
    const at = this.#at();
    const study = manifest.id;
    const outcome = await this.#store.putDraft(
      { study, hash, manifest: canonicalManifest(manifest), proposer, proposedAt: at, approval: null },
      { at, actor, action: 'draft-proposed', subject: study, details: { manifest: hash } },
    );
    return { outcome, hash };
  }

  async list(): Promise<Draft[]> {
    return (await this.#store.listDrafts()).map(toDraft);
  }

  /** @throws ChoraleError `DRAFT_UNKNOWN` */
  async get(study: string): Promise<Draft> {
    const record = await this.#store.getDraft(study);
    if (record === null) throw new ChoraleError('DRAFT_UNKNOWN', `there is no draft of a study ${study}`);
    return toDraft(record);
  }

  /**
   * Approves the manifest of this hash and no other.
   * @throws ChoraleError `PERMISSION_DENIED`, also for its proposer; `DRAFT_UNKNOWN`, `DRAFT_CONFLICT`
   */
  async approve(study: string, hash: string, actor: Actor): Promise<void> {
    requirePermission(actor, 'approve', 'approving a study');
    const approver = requirePerson(actor, 'approving a study');
    const at = this.#at();
    await this.#store.approveDraft(
      { study, hash, approver, at },
      { at, actor, action: 'draft-approved', subject: study, details: { manifest: hash } },
    );
  }

  /** @throws ChoraleError `PERMISSION_DENIED`, `DRAFT_UNKNOWN`, `DRAFT_CONFLICT` */
  async discard(study: string, hash: string, actor: Actor): Promise<void> {
    requirePermission(actor, 'propose', 'discarding a draft');
    await this.#store.discardDraft(
      { study, hash },
      { at: this.#at(), actor, action: 'draft-discarded', subject: study, details: { manifest: hash } },
    );
  }

  /**
   * Publishes what was approved, by whoever proposed or approved it.
   * @throws ChoraleError `PERMISSION_DENIED`, `APPROVAL_REQUIRED`, `DRAFT_UNKNOWN`, `DRAFT_CONFLICT`, `STUDY_CONFLICT`
   */
  async publish(study: string, hash: string, actor: Actor): Promise<PublishedStudy> {
    requirePermission(actor, 'propose', 'publishing a study');
    const name = requirePerson(actor, 'publishing a study');
    const { manifest, proposer, approval } = await this.get(study);
    if (approval !== null && name !== proposer && name !== approval.approver) {
      throw new ChoraleError('PERMISSION_DENIED', `${proposer} or ${approval.approver} has to publish this study`);
    }
    await this.#studies.requireRunnable(manifest);
    const at = this.#at();
    const details = { manifest: hash, proposer, approver: approval?.approver ?? '' };
    await this.#store.publishDraft(
      { study, hash, publishedAt: at },
      { at, actor, action: 'study-published', subject: study, details },
    );
    return this.#studies.get(study);
  }

  #at(): string {
    return new Date(this.#now()).toISOString();
  }
}

function toDraft({ hash, manifest, proposer, proposedAt, approval }: DraftRecord): Draft {
  return { hash, manifest: parseManifest(JSON.parse(manifest)), proposer, proposedAt, approval };
}
