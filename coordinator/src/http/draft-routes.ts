import { ChoraleError, Manifest } from '@chorale/protocol';
import type { Admission } from '../operations/admission.ts';
import type { Drafts } from '../oversight/drafts.ts';
import type { TrainingService } from '../rounds/training-service.ts';
import { actorOf, type Permit } from './access.ts';
import { PublishOutcome } from './answer-schemas.ts';
import { manifestOrError, STUDY_BYTES } from './manifest-body.ts';
import { Decision, DecisionOutcome, DraftAnswer, Drafts as DraftList, ProposalOutcome } from './oversight-schemas.ts';
import { StudyParams } from './route-params.ts';
import type { ChoraleApp } from './route-schema.ts';

type Options = { drafts: Drafts; training: TrainingService; admission: Admission; permit: Permit };

/** Studies on their way to publication: proposed by one person, approved by another. [O2] */
export function draftRoutes(app: ChoraleApp, { drafts, training, admission, permit }: Options): void {
  const open = async (): Promise<void> => admission.require();

  app.get(
    '/drafts',
    {
      schema: {
        summary: 'Studies that are proposed and not published, in the order of their proposal',
        bearer: 'person',
        response: { 200: DraftList },
        problems: [401, 403],
      },
      onRequest: permit('oversee', 'reading drafts'),
    },
    () => drafts.list(),
  );

  app.get(
    '/drafts/:id',
    {
      schema: {
        summary: 'One draft, with the manifest that an approval would be of',
        bearer: 'person',
        params: StudyParams,
        response: { 200: DraftAnswer },
        problems: [401, 403, 404],
      },
      onRequest: permit('oversee', 'reading drafts'),
    },
    (request) => drafts.get(request.params.id),
  );

  app.put(
    '/drafts/:id',
    {
      bodyLimit: STUDY_BYTES,
      schema: {
        summary: 'Propose a study, or another manifest in its place, which voids an approval',
        bearer: 'person',
        params: StudyParams,
        body: Manifest,
        response: { 200: ProposalOutcome, 201: ProposalOutcome },
        problems: [401, 403, 409, 413, 415],
      },
      validatorCompiler: manifestOrError,
      onRequest: [permit('propose', 'proposing a study'), open],
    },
    async (request, reply) => {
      const { id } = request.params;
      const manifest = request.body;
      if (manifest.id !== id) {
        throw new ChoraleError('MESSAGE_MALFORMED', `the manifest must have the id ${id}, got ${manifest.id}`);
      }
      const { outcome, hash } = await drafts.propose(manifest, actorOf(request));
      return reply.code(outcome === 'created' ? 201 : 200).send({ study: id, manifest: hash, outcome });
    },
  );

  app.post(
    '/drafts/:id/publish',
    {
      schema: {
        summary: 'Publish the manifest of this hash, which another person has approved',
        bearer: 'person',
        params: StudyParams,
        body: Decision,
        response: { 201: PublishOutcome },
        problems: [401, 403, 404, 409, 413, 415],
      },
      onRequest: [permit('propose', 'publishing a study'), open],
    },
    async (request, reply) => {
      const study = await drafts.publish(request.params.id, request.body.manifest, actorOf(request));
      await training.start(study);
      return reply.code(201).send({ study: study.manifest.id, manifest: study.hash, outcome: 'created' });
    },
  );

  const decisions = [
    {
      decision: 'approve',
      summary: 'Approve the manifest of this hash; never by its proposer',
      permitted: permit('approve', 'approving a study'),
    },
    {
      decision: 'discard',
      summary: 'Discard the draft with the manifest of this hash',
      permitted: permit('propose', 'discarding a draft'),
    },
  ] as const;
  for (const { decision, summary, permitted } of decisions) {
    app.post(
      `/drafts/:id/${decision}`,
      {
        schema: {
          summary,
          bearer: 'person',
          params: StudyParams,
          body: Decision,
          response: { 200: DecisionOutcome },
          problems: [401, 403, 404, 409, 413, 415],
        },
        onRequest: [permitted, open],
      },
      async (request) => {
        const { id } = request.params;
        const { manifest } = request.body;
        await drafts[decision](id, manifest, actorOf(request));
        return { study: id, manifest };
      },
    );
  }
}
