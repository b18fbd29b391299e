import { randomBytes } from 'node:crypto';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { idTaken, refusals } from './oversight-refusals.ts';
import { sqliteOversight } from './sqlite-oversight.ts';
import { SqliteRefusal } from './sqlite-refusal.ts';
import type {
  ModelRecord,
  ParticipationRecord,
  ReportExtent,
  ReportOutcome,
  RoundRecord,
  SecretRecord,
  Store,
  StoredReport,
  StudyRecord,
} from './store.ts';

type Row = Record<string, SQLOutputValue>;

/** `Store` in the present tense: what runs inside a transaction, in the worker. */
export type SqliteOperations = {
  [Name in Exclude<keyof Store, 'close'>]: (...args: Parameters<Store[Name]>) => Awaited<ReturnType<Store[Name]>>;
};

/**
 * Operations that change one row at most, or many by one statement, and throw only before they have changed any. Those
 * that come often are here: whatever is not named may be of several steps.
 */
export const singleChanges: ReadonlySet<string> = new Set<keyof SqliteOperations>([
  'addReport',
  'openRound',
  'countReports',
  'readReport',
  'readReports',
  'readSeriesReports',
  'studyEnd',
]);

/**
 * The store's methods as SQL over a prepared database. Each either does all of its change or throws. Owners of
 * rounds are not looked at: the folder belongs to one process.
 */
export function sqliteOperations(db: DatabaseSync): SqliteOperations {
  const insertStudy = db.prepare('INSERT INTO study (id, hash, manifest, published_at) VALUES (?, ?, ?, ?)');
  const selectStudy = db.prepare('SELECT * FROM study WHERE id = ?');
  const selectStudies = db.prepare('SELECT * FROM study ORDER BY position');
  const insertReport = db.prepare(
    `INSERT INTO report (study, participant, group_id, text, received_at, withdrawal)
     SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM study_end WHERE study = ?1)
     ON CONFLICT (study, participant) DO NOTHING`,
  );
  const selectReport = db.prepare('SELECT * FROM report WHERE study = ? AND participant = ?');
  const countReports = db.prepare(
    `SELECT coalesce((SELECT voices FROM study_end WHERE study = ?1),
       (SELECT count(*) FROM report WHERE study = ?1 AND withdrawn_from IS NULL)) AS count`,
  );
  const countSince = db.prepare(
    'SELECT count(*) AS count FROM report WHERE study = ? AND group_id = ? AND sequence > ? AND withdrawn_from IS NULL',
  );
  const deleteReport = db.prepare('DELETE FROM report WHERE sequence = ?');
  const insertWithdrawn = db.prepare(
    `INSERT INTO report (study, participant, group_id, text, received_at, withdrawal, withdrawn_from)
     VALUES (?, ?, ?, '', ?, ?, ?)`,
  );
  const selectReports = db.prepare('SELECT * FROM report WHERE study = ? AND sequence > ? ORDER BY sequence LIMIT ?');
  const selectSeriesReports = db.prepare(
    `SELECT * FROM report WHERE study IN (SELECT id FROM study WHERE series = ?) AND sequence > ?
     ORDER BY sequence LIMIT ?`,
  );
  const insertRound = db.prepare(
    `INSERT INTO round (study, round, kind, state, model_round, cohort, accepted, dropouts, started_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const endRound = db.prepare(
    `UPDATE round SET state = ?, cohort = ?, accepted = ?, dropouts = ?, ended_at = ?, reason = ?, histogram = ?, shape = ?
     WHERE study = ? AND round = ? AND state = 'open'`,
  );
  const abandonRounds = db.prepare(
    `UPDATE round SET state = 'abandoned', reason = ?, ended_at = ? WHERE study = ? AND state = 'open'`,
  );
  const selectRounds = db.prepare('SELECT * FROM round WHERE study = ? ORDER BY round');
  const putModel = db.prepare(
    `INSERT INTO model (study, model_round, parameters, optimizer) VALUES (?, ?, ?, ?)
     ON CONFLICT (study) DO UPDATE
     SET model_round = excluded.model_round, parameters = excluded.parameters, optimizer = excluded.optimizer
     WHERE excluded.model_round > model.model_round`,
  );
  const selectModel = db.prepare('SELECT * FROM model WHERE study = ?');
  // `WHERE true`, or ON would be read as a join's.
  const countParticipations = db.prepare(
    `INSERT INTO participation (study, participant, updates, latest_round) SELECT ?, value, 1, ? FROM json_each(?) WHERE true
     ON CONFLICT (study, participant) DO UPDATE
     SET updates = updates + 1, latest_round = max(latest_round, excluded.latest_round)`,
  );
  const selectParticipations = db.prepare('SELECT * FROM participation WHERE study = ?');
  const selectAllParticipations = db.prepare('SELECT * FROM participation ORDER BY study, participant');
  const insertSecret = db.prepare('INSERT INTO secret (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING');
  const selectExtents = db.prepare(
    'SELECT study, count(*) AS count, max(sequence) AS last_sequence FROM report GROUP BY study ORDER BY study',
  );
  const selectAllRounds = db.prepare('SELECT * FROM round ORDER BY study, round');
  const selectModels = db.prepare('SELECT * FROM model ORDER BY study');
  const selectSecrets = db.prepare('SELECT * FROM secret ORDER BY name');
  const beat = db.prepare('UPDATE heartbeat SET beats = beats + 1');
  const selectSecret = db.prepare('SELECT value FROM secret WHERE name = ?');

  const oversight = sqliteOversight(db);
  const requireOpen = (study: string): void => {
    if (oversight.studyEnd(study) !== null) throw new SqliteRefusal(...refusals.closed);
  };

  const openRound = (record: RoundRecord): void => {
    if (record.state !== 'open') throw new TypeError(`state must be open, got ${record.state}`);
    requireOpen(record.study);
    const { study, round, kind, state, modelRound, cohort, accepted, dropouts, startedAt } = record;
    insertRound.run(study, round, kind, state, modelRound, cohort, accepted, dropouts, startedAt);
  };

  return {
    ...oversight,
    putStudy({ id, hash, manifest, publishedAt }, entry) {
      const known = selectStudy.get(id);
      if (known === undefined) {
        insertStudy.run(id, hash, manifest, publishedAt);
        if (entry !== undefined) oversight.appendLog(entry);
        return 'created';
      }
      if (known['hash'] === hash) return 'unchanged';
      throw new SqliteRefusal(...idTaken(id));
    },
    getStudy(id) {
      const row = selectStudy.get(id);
      return row === undefined ? null : toStudy(row);
    },
    listStudies: () => selectStudies.all().map(toStudy),

    addReport({ study, participant, group, text, receivedAt, withdrawal = null }): ReportOutcome {
      const changes = unlessUnknown(
        () => insertReport.run(study, participant, group, text, receivedAt, withdrawal).changes,
      );
      if (changes === 1) return { state: 'stored', receivedAt };
      const known = selectReport.get(study, participant);
      if (known?.['withdrawn_from'] != null) throw new SqliteRefusal('REPORT_WITHDRAWN', 'this report was withdrawn');
      if (known?.['text'] === text) return { state: 'duplicate', receivedAt: String(known['received_at']) };
      requireOpen(study);
      throw new SqliteRefusal('REPORT_CONFLICT', 'another report was accepted for this invitation');
    },
    countReports: (study) => Number(countReports.get(study)?.['count']),
    readReport(study, participant) {
      const row = selectReport.get(study, participant);
      return row === undefined ? null : toReport(row);
    },
    withdrawReport({ study, participant, counted, room }) {
      const row = selectReport.get(study, participant);
      if (row === undefined) throw new RangeError('participant must have a report in this study');
      const { sequence, group, receivedAt, withdrawal = null, withdrawnFrom } = toReport(row);
      if (withdrawnFrom !== undefined) return 'withdrawn';
      if (Number(countSince.get(study, group, counted)?.['count']) >= room) return 'crowded';
      deleteReport.run(sequence);
      insertWithdrawn.run(study, participant, group, receivedAt, withdrawal, sequence);
      return 'withdrawn';
    },
    readReports: (study, { after, limit }) => selectReports.all(study, after, limit).map(toReport),
    readSeriesReports: (series, { after, limit }) => selectSeriesReports.all(series, after, limit).map(toReport),

    openRound,
    endRound(round, model, { next = null, participants = [] } = {}) {
      if (round.state === 'open') throw new TypeError('state must be committed or abandoned, got open');
      const { study, state, cohort, accepted, dropouts, endedAt, reason } = round;
      const histogram = round.histogram === null ? null : JSON.stringify(round.histogram);
      const { changes } = endRound.run(
        state,
        cohort,
        accepted,
        dropouts,
        endedAt,
        reason,
        histogram,
        round.shape === null ? null : JSON.stringify(round.shape),
        study,
        round.round,
      );
      if (changes !== 1) throw new RangeError(`round ${round.round} of study ${study} is not open`);
      if (participants.length > 0) countParticipations.run(study, round.round, JSON.stringify(participants));
      if (model !== null) {
        const { modelRound, parameters, optimizer } = model;
        const stored = putModel.run(model.study, modelRound, toBlob(parameters), toBlob(optimizer));
        if (stored.changes !== 1)
          throw new RangeError(`modelRound must be above that of the stored model, got ${modelRound}`);
      }
      if (next !== null) openRound(next);
    },
    abandonOpenRounds: ({ study, reason, endedAt }) => Number(abandonRounds.run(reason, endedAt, study).changes),
    readRounds: (study) => selectRounds.all(study).map(toRound),
    readParticipations: (study) => selectParticipations.all(study).map(toParticipation),
    latestModel(study) {
      const row = selectModel.get(study);
      return row === undefined ? null : toModel(row);
    },

    secret(name, bytes) {
      insertSecret.run(name, randomBytes(bytes));
      const value = selectSecret.get(name)?.['value'];
      if (!(value instanceof Uint8Array) || value.length !== bytes) {
        throw new RangeError(`bytes must be what secret ${name} was made with, got ${bytes}`);
      }
      return value;
    },

    snapshot: () => ({
      studies: selectStudies.all().map(toStudy),
      reports: selectExtents.all().map(toExtent),
      rounds: selectAllRounds.all().map(toRound),
      models: selectModels.all().map(toModel),
      participations: selectAllParticipations.all().map(toParticipation),
      secrets: selectSecrets.all().map(toSecret),
      persons: oversight.listPersons(),
      drafts: oversight.listDrafts(),
      ends: oversight.listStudyEnds(),
      log: oversight.readLog({ after: 0, limit: -1 }),
    }),
    ready: () => void beat.run(),
  };
}

/** SQLITE_CONSTRAINT_FOREIGNKEY: the only key of a report is that of its study. */
const FOREIGN_KEY = 787;

function unlessUnknown<T>(insert: () => T): T {
  try {
    return insert();
  } catch (error) {
    if (!(error instanceof Error && 'errcode' in error && error.errcode === FOREIGN_KEY)) throw error;
    throw new SqliteRefusal('STUDY_UNKNOWN', 'this coordinator has no such study', { cause: error });
  }
}

// Strict tables hold the types they declare, so rows are trusted for them.
function toStudy(row: Row): StudyRecord {
  return {
    id: String(row['id']),
    hash: String(row['hash']),
    manifest: String(row['manifest']),
    publishedAt: String(row['published_at']),
  };
}

function toReport(row: Row): StoredReport {
  return {
    sequence: Number(row['sequence']),
    study: String(row['study']),
    participant: String(row['participant']),
    group: String(row['group_id']),
    text: String(row['text']),
    receivedAt: String(row['received_at']),
    ...(row['withdrawal'] === null ? {} : { withdrawal: String(row['withdrawal']) }),
    ...(row['withdrawn_from'] === null ? {} : { withdrawnFrom: Number(row['withdrawn_from']) }),
  };
}

function toExtent(row: Row): ReportExtent {
  return { study: String(row['study']), count: Number(row['count']), lastSequence: Number(row['last_sequence']) };
}

function toRound(row: Row): RoundRecord {
  return {
    study: String(row['study']),
    round: Number(row['round']),
    kind: row['kind'] === 'train' ? 'train' : 'evaluate',
    state: row['state'] === 'open' ? 'open' : row['state'] === 'committed' ? 'committed' : 'abandoned',
    modelRound: Number(row['model_round']),
    cohort: Number(row['cohort']),
    accepted: Number(row['accepted']),
    dropouts: Number(row['dropouts']),
    startedAt: String(row['started_at']),
    endedAt: row['ended_at'] === null ? null : String(row['ended_at']),
    reason: row['reason'] === null ? null : String(row['reason']),
    histogram: row['histogram'] === null ? null : JSON.parse(String(row['histogram'])),
    shape: row['shape'] === null ? null : JSON.parse(String(row['shape'])),
  };
}

function toModel(row: Row): ModelRecord {
  const model = { study: String(row['study']), modelRound: Number(row['model_round']) };
  const parameters = toFloats(row['parameters']);
  return { ...model, parameters, ...(row['optimizer'] === null ? {} : { optimizer: toFloats(row['optimizer']) }) };
}

function toParticipation(row: Row): ParticipationRecord {
  return {
    study: String(row['study']),
    participant: String(row['participant']),
    updates: Number(row['updates']),
    latestRound: Number(row['latest_round']),
  };
}

/** Copied: a blob may start anywhere in its buffer, floats only at multiples of four. */
function toFloats(blob: SQLOutputValue | undefined): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint8Array.from(toBytes(blob)).buffer);
}

/** The bytes of floats, in place; null for none. */
export function toBlob(floats: Float32Array<ArrayBuffer> | undefined): Uint8Array<ArrayBuffer> | null {
  return floats === undefined ? null : new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

function toSecret(row: Row): SecretRecord {
  return { name: String(row['name']), value: toBytes(row['value']) };
}

function toBytes(value: SQLOutputValue | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('a blob must be bytes');
  return value;
}
