import type { ErrorCode } from '@chorale/protocol';
import type { DraftRecord, DraftVersion } from './oversight-store.ts';

/** Why something may not be done, in the words that every store uses. */
export type Refusal = [code: ErrorCode, message: string];

export const refusals = {
  closed: ['STUDY_CLOSED', 'this study is closed'],
  unknownStudy: ['STUDY_UNKNOWN', 'this coordinator has no such study'],
  notClosed: ['STUDY_OPEN', 'close the study first: only the reports of a closed one can be deleted'],
  notApproved: ['APPROVAL_REQUIRED', 'another person has to approve this manifest first'],
  unknownPerson: ['PERSON_UNKNOWN', 'there is no such person here'],
} as const satisfies Record<string, Refusal>;

export function nameTaken(name: string): Refusal {
  return ['PERSON_CONFLICT', `there is a person ${name} already`];
}

export function idTaken(study: string): Refusal {
  return ['STUDY_CONFLICT', `study ${study} is published with another manifest: give the new one another id`];
}

/** Whether a draft is there and still the one that is meant. */
export function wrongVersion(draft: Pick<DraftRecord, 'hash'> | null, { study, hash }: DraftVersion): Refusal | null {
  if (draft === null) return ['DRAFT_UNKNOWN', `there is no draft of a study ${study}`];
  if (draft.hash === hash) return null;
  return ['DRAFT_CONFLICT', 'the draft was changed meanwhile: read it again'];
}

/** Whether somebody may approve a draft: another person than its proposer, and once. [O2] */
export function notApprovable(draft: DraftRecord, approver: string): Refusal | null {
  if (draft.proposer === approver) return ['PERMISSION_DENIED', 'whoever proposed a study cannot approve it'];
  return draft.approval === null ? null : ['DRAFT_CONFLICT', `${draft.approval.approver} has approved it already`];
}
