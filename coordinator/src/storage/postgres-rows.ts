import type { Insertable, Selectable } from 'kysely';
import type { PostgresTables } from './postgres-schema.ts';
import type {
  ModelRecord,
  ParticipationRecord,
  RoundRecord,
  SecretRecord,
  StoredReport,
  StudyRecord,
} from './store.ts';

// Columns are not null, of one type and checked by the tables, so rows are trusted for what they hold.

export function fromStudyRow(row: Selectable<PostgresTables['study']>): StudyRecord {
  return { id: row.id, hash: row.hash, manifest: row.manifest, publishedAt: row.published_at };
}

export function fromReportRow(row: Selectable<PostgresTables['report']>): StoredReport {
  const { study, participant, text } = row;
  return {
    sequence: Number(row.sequence),
    study,
    participant,
    group: row.group_id,
    text,
    receivedAt: row.received_at,
    ...(row.withdrawal === null ? {} : { withdrawal: row.withdrawal }),
    ...(row.withdrawn_from === null ? {} : { withdrawnFrom: Number(row.withdrawn_from) }),
  };
}

export function fromRoundRow(row: Selectable<PostgresTables['round']>): RoundRecord {
  const { study, round, kind, state, cohort, accepted, dropouts, reason } = row;
  return {
    study,
    round,
    kind,
    state,
    modelRound: row.model_round,
    cohort,
    accepted,
    dropouts,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    reason,
    histogram: row.histogram === null ? null : JSON.parse(row.histogram),
    shape: row.shape === null ? null : JSON.parse(row.shape),
  };
}

export function fromModelRow(row: Selectable<PostgresTables['model']>): ModelRecord {
  const optimizer = row.optimizer === null ? {} : { optimizer: toFloats(row.optimizer) };
  return { study: row.study, modelRound: row.model_round, parameters: toFloats(row.parameters), ...optimizer };
}

export function toModelRow({ study, modelRound, parameters, optimizer }: ModelRecord): PostgresTables['model'] {
  const remembered = optimizer === undefined ? null : toBuffer(optimizer);
  return { study, model_round: modelRound, parameters: toBuffer(parameters), optimizer: remembered };
}

/** Copied: the bytes may start anywhere in their buffer, floats only at multiples of four. */
function toFloats(bytes: Buffer): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

function toBuffer({ buffer, byteOffset, byteLength }: Float32Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

export function fromParticipationRow(row: PostgresTables['participation']): ParticipationRecord {
  const { study, participant, updates, latest_round: latestRound } = row;
  return { study, participant, updates, latestRound };
}

export function toParticipationRow(record: ParticipationRecord): PostgresTables['participation'] {
  const { study, participant, updates, latestRound } = record;
  return { study, participant, updates, latest_round: latestRound };
}

export function fromSecretRow(row: Selectable<PostgresTables['secret']>): SecretRecord {
  return { name: row.name, value: Uint8Array.from(row.value) };
}

export function toStudyRow({ id, hash, manifest, publishedAt }: StudyRecord): Insertable<PostgresTables['study']> {
  return { id, hash, manifest, published_at: publishedAt };
}

export function toReportRow(report: StoredReport): Insertable<PostgresTables['report']> {
  const { sequence, study, participant, group, text, receivedAt, withdrawal = null, withdrawnFrom } = report;
  const withdrawn_from = withdrawnFrom === undefined ? null : String(withdrawnFrom);
  const row = { study, participant, group_id: group, text, received_at: receivedAt, withdrawal, withdrawn_from };
  return { sequence: String(sequence), ...row };
}

export function toRoundRow(record: RoundRecord): Insertable<PostgresTables['round']> {
  const { study, round, kind, state, modelRound, cohort, accepted, dropouts, startedAt, endedAt, reason } = record;
  const times = { started_at: startedAt, ended_at: endedAt };
  const texts = { histogram: toJson(record.histogram), shape: toJson(record.shape) };
  return { study, round, kind, state, model_round: modelRound, cohort, accepted, dropouts, ...times, reason, ...texts };
}

export function toSecretRow({ name, value }: SecretRecord): Insertable<PostgresTables['secret']> {
  return { name, value: Buffer.from(value) };
}

function toJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
