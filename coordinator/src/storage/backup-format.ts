import { type LogEntry, logActions, roles } from '@chorale/protocol';
import * as v from 'valibot';
import type { DraftRecord, PersonRecord, StudyEnd } from './oversight-store.ts';
import type {
  ModelRecord,
  ParticipationRecord,
  RoundRecord,
  SecretRecord,
  StoredReport,
  StudyRecord,
} from './store.ts';

/**
 * A backup is gzipped text of one JSON object a line, so that it can be read without this program:
 *
 *   {"format":"chorale-backup","version":1,"createdAt":"2026-11-21T08:00:00.000Z"}
 *   {"type":"study", ...}, then rounds, models, participations, secrets, persons, drafts, ends of studies, the log and
 *   reports, each line with its `type`
 *   {"type":"end","counts":{"study":1, ...},"sha256":"..."}
 *
 * The hash is of all bytes before the last line. Nothing follows that line.
 */
export const BACKUP_FORMAT = 'chorale-backup';
export const BACKUP_VERSION = 1;

/** Longest line that is read, in bytes: a model of fifty million parameters. */
export const MAXIMUM_LINE_BYTES = 256 * 1024 * 1024;

export type BackupRecord =
  | ({ type: 'study' } & StudyRecord)
  | ({ type: 'round' } & RoundRecord)
  | ({ type: 'model' } & ModelRecord)
  | ({ type: 'participation' } & ParticipationRecord)
  | ({ type: 'secret' } & SecretRecord)
  | ({ type: 'person' } & PersonRecord)
  | ({ type: 'draft' } & DraftRecord)
  | ({ type: 'end-of-study' } & StudyEnd)
  | ({ type: 'log' } & LogEntry)
  | ({ type: 'report' } & StoredReport);

/** Records by type. */
export type BackupCounts = Record<BackupRecord['type'], number>;

/** What a whole backup says of itself. */
export type BackupSummary = { createdAt: string; counts: BackupCounts };

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Base64 = v.pipe(v.string(), v.base64());
const Bytes = v.pipe(
  Base64,
  v.transform((text) => Uint8Array.from(Buffer.from(text, 'base64'))),
);
const Floats = v.pipe(
  Bytes,
  v.check(({ length }) => length % 4 === 0, 'a model must be whole floats'),
  v.transform(({ buffer }) => new Float32Array(buffer)),
);
const Shape = v.strictObject({
  invited: Count,
  accepted: Count,
  declined: Count,
  left: Count,
  lost: Count,
  late: Count,
});

export const BackupHeader = v.object({
  format: v.literal(BACKUP_FORMAT),
  version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  createdAt: v.string(),
});

export const BackupEnd = v.strictObject({
  type: v.literal('end'),
  counts: v.strictObject({
    study: Count,
    round: Count,
    model: Count,
    // Older backups have none.
    participation: v.optional(Count, 0),
    secret: Count,
    person: v.optional(Count, 0),
    draft: v.optional(Count, 0),
    'end-of-study': v.optional(Count, 0),
    log: v.optional(Count, 0),
    report: Count,
  }),
  sha256: v.pipe(v.string(), v.hexadecimal(), v.length(64)),
});

const Actor = v.variant('type', [
  v.strictObject({ type: v.literal('person'), name: v.string(), role: v.picklist(roles) }),
  v.strictObject({ type: v.literal('operator') }),
  v.strictObject({ type: v.literal('coordinator') }),
  v.strictObject({ type: v.literal('public') }),
]);

const Record = v.variant('type', [
  v.strictObject({
    type: v.literal('study'),
    id: v.string(),
    hash: v.string(),
    manifest: v.string(),
    publishedAt: v.string(),
  }),
  v.strictObject({
    type: v.literal('round'),
    study: v.string(),
    round: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    kind: v.picklist(['train', 'evaluate']),
    state: v.picklist(['open', 'committed', 'abandoned']),
    modelRound: Count,
    cohort: Count,
    accepted: Count,
    dropouts: Count,
    startedAt: v.string(),
    endedAt: v.nullable(v.string()),
    reason: v.nullable(v.string()),
    histogram: v.nullable(v.array(v.number())),
    shape: v.nullable(Shape),
  }),
  v.strictObject({
    type: v.literal('model'),
    study: v.string(),
    modelRound: Count,
    parameters: Floats,
    optimizer: v.exactOptional(Floats),
  }),
  v.strictObject({
    type: v.literal('participation'),
    study: v.string(),
    participant: v.string(),
    updates: v.pipe(Count, v.minValue(1)),
    latestRound: v.pipe(Count, v.minValue(1)),
  }),
  v.strictObject({ type: v.literal('secret'), name: v.string(), value: Bytes }),
  v.strictObject({
    type: v.literal('person'),
    name: v.string(),
    role: v.picklist(roles),
    tokenHash: v.string(),
    addedAt: v.string(),
  }),
  v.strictObject({
    type: v.literal('draft'),
    study: v.string(),
    hash: v.string(),
    manifest: v.string(),
    proposer: v.string(),
    proposedAt: v.string(),
    approval: v.nullable(v.strictObject({ approver: v.string(), at: v.string() })),
  }),
  v.strictObject({
    type: v.literal('end-of-study'),
    study: v.string(),
    closedAt: v.string(),
    purged: v.nullable(v.strictObject({ at: v.string(), voices: Count, released: v.string() })),
  }),
  v.strictObject({
    type: v.literal('log'),
    sequence: v.pipe(Count, v.minValue(1)),
    previous: v.nullable(v.string()),
    at: v.string(),
    actor: Actor,
    action: v.picklist(logActions),
    subject: v.string(),
    details: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
    hash: v.string(),
  }),
  v.strictObject({
    type: v.literal('report'),
    sequence: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    study: v.string(),
    participant: v.string(),
    group: v.string(),
    text: v.string(),
    receivedAt: v.string(),
    withdrawal: v.exactOptional(v.string()),
    withdrawnFrom: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
  }),
]);

/** Any line after the first. */
export const BackupLine = v.union([Record, BackupEnd]);

/** One record as a line, with its line break. */
export function toLine(record: BackupRecord): string {
  switch (record.type) {
    case 'model': {
      const { parameters, optimizer } = record;
      const remembered = optimizer === undefined ? {} : { optimizer: toBase64(optimizer) };
      return line({ ...record, parameters: toBase64(parameters), ...remembered });
    }
    case 'secret':
      return line({ ...record, value: Buffer.from(record.value).toString('base64') });
    case 'study':
    case 'round':
    case 'participation':
    case 'person':
    case 'draft':
    case 'end-of-study':
    case 'log':
    case 'report':
      return line(record);
  }
}

function toBase64({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer>): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

export function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

export function noRecords(): BackupCounts {
  return {
    study: 0,
    round: 0,
    model: 0,
    participation: 0,
    secret: 0,
    person: 0,
    draft: 0,
    'end-of-study': 0,
    log: 0,
    report: 0,
  };
}
