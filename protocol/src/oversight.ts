import type { Manifest } from './manifest.ts';

/** What a person may do here: propose studies, approve those of others, or run the coordinator. */
export type Role = (typeof roles)[number];
export const roles = ['analyst', 'officer', 'operator'] as const;

/** Who did something: a person, whoever holds the operator token or the data folder, or the program itself. */
export type Actor = { type: 'person'; name: string; role: Role } | { type: 'operator' } | { type: 'coordinator' };

/** Whom the log names: of what is published, anybody may take a file, and shows no token for it. */
export type LogActor = Actor | { type: 'public' };

/** What the log records. */
export type LogAction = (typeof logActions)[number];
export const logActions = [
  'draft-proposed',
  'draft-discarded',
  'draft-approved',
  'study-published',
  'results-released',
  'benchmarks-imported',
  'benchmarks-removed',
  'study-exported',
  'series-exported',
  'study-closed',
  'study-purged',
  'evidence-exported',
  'person-added',
  'person-removed',
] as const;

/** One entry of the log before its place in it is known. */
export type LogContent = {
  /** When, as ISO 8601 in UTC. */
  at: string;
  actor: LogActor;
  action: LogAction;
  /** The study's id, the series' name, or the person's. */
  subject: string;
  /** What else there is to know; flat, so that it can be shown as it is. */
  details: Readonly<Record<string, string | number | boolean>>;
};

/** One entry of the log: numbered from 1 without gaps, and bound to all before it. [O5] */
export type LogEntry = LogContent & {
  sequence: number;
  /** Hash of the entry before; `null` for the first. */
  previous: string | null;
  /** `sha256-` and the base64 of the SHA-256 of the canonical JSON of all else. */
  hash: string;
};

/** Body of `GET /api/v1/log/head`: where the log ends now. */
export type LogHead = { sequence: number; hash: string | null };

/** One person, without the token: only its hash is stored. */
export type Person = { name: string; role: Role; addedAt: string };

/** A study that is not published yet. */
export type Draft = {
  /** Identity of exactly this manifest: an approval is of nothing else. */
  hash: string;
  manifest: Manifest;
  proposer: string;
  proposedAt: string;
  approval: { approver: string; at: string } | null;
};

/** How far a study's life is: it takes reports, takes none any more, or has lost its raw reports too. */
export type StudyState = 'open' | 'closed' | 'purged';
