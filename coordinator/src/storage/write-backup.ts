import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { BACKUP_FORMAT, BACKUP_VERSION, type BackupRecord, line, noRecords, toLine } from './backup-format.ts';
import { StorageError } from './storage-error.ts';
import type { ReportExtent, Snapshot, Store } from './store.ts';

/** Reports read at a time: bounds the memory that a backup takes. */
const PAGE = 500;

/** Characters written at a time, at least: a model is one line of many, a report one of few. */
const CHUNK = 256 * 1024;

type Source = Pick<Store, 'snapshot' | 'readReports'>;
type Options = {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Told now and then how many reports of how many are written. */
  onProgress?: (done: number, all: number) => void;
};

/**
 * A store as the bytes of a backup, of the moment when they are first asked for. Others write meanwhile:
 * the store is read at once for what can change, and the reports up to that moment page by page.
 * The stream fails where the store does, so that what it gave until then has no end line.
 */
export function backupStream(store: Source, options: Options): Readable {
  // Whoever reads the compressed stream is told of failures by it alone.
  return pipeline(Readable.from(lines(store, options)), createGzip(), () => undefined);
}

async function* lines(store: Source, { now, onProgress }: Options): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const counts = noRecords();
  const toBytes = (text: string): Buffer => {
    const bytes = Buffer.from(text);
    hash.update(bytes);
    return bytes;
  };
  yield toBytes(line({ format: BACKUP_FORMAT, version: BACKUP_VERSION, createdAt: new Date(now()).toISOString() }));
  const snapshot = await store.snapshot();
  const all = snapshot.reports.reduce((sum, { count }) => sum + count, 0);
  for await (const records of pages(store, snapshot)) {
    let text = '';
    for (const record of records) {
      counts[record.type] += 1;
      text += toLine(record);
      if (text.length < CHUNK) continue;
      yield toBytes(text);
      text = '';
    }
    yield toBytes(text);
    onProgress?.(counts.report, all);
  }
  yield Buffer.from(line({ type: 'end', counts, sha256: hash.digest('hex') }));
}

async function* pages(store: Source, snapshot: Snapshot): AsyncGenerator<BackupRecord[]> {
  yield snapshot.studies.map((record) => ({ type: 'study', ...record }));
  yield snapshot.rounds.map((record) => ({ type: 'round', ...record }));
  yield snapshot.models.map((record) => ({ type: 'model', ...record }));
  yield snapshot.participations.map((record) => ({ type: 'participation', ...record }));
  yield snapshot.secrets.map((record) => ({ type: 'secret', ...record }));
  yield snapshot.persons.map((record) => ({ type: 'person', ...record }));
  yield snapshot.drafts.map((record) => ({ type: 'draft', ...record }));
  yield snapshot.ends.map((record) => ({ type: 'end-of-study', ...record }));
  yield snapshot.log.map((record) => ({ type: 'log', ...record }));
  for (const extent of snapshot.reports) yield* reportsOf(store, extent);
}

async function* reportsOf(store: Source, { study, count, lastSequence }: ReportExtent): AsyncGenerator<BackupRecord[]> {
  let read = 0;
  const given = new SequenceSet(lastSequence);
  for (let after = 0; read < count;) {
    const page = await store.readReports(study, { after, limit: PAGE });
    if (page.length === 0) break;
    after = page.at(-1)!.sequence;
    // One that is withdrawn meanwhile comes later, without its text, and is left out if it was given with it.
    const due = page.filter(({ sequence, withdrawnFrom }) => {
      if (sequence <= lastSequence) return given.add(sequence);
      return withdrawnFrom !== undefined && withdrawnFrom <= lastSequence && given.add(withdrawnFrom);
    });
    read += due.length;
    yield due.map((record) => ({ type: 'report', ...record }));
  }
  // Reports never change otherwise, and go only with a purge of their study: then this would be no picture of one moment.
  if (read !== count) throw new StorageError(`study ${study} has ${count} reports, of which ${read} can be read`);
}

/** Which of the sequences up to a last one were added; a bit each, as there may be millions. */
class SequenceSet {
  readonly #bits: Uint8Array;

  constructor(last: number) {
    this.#bits = new Uint8Array(Math.floor(last / 8) + 1);
  }

  /** `false` for one that was added before. */
  add(sequence: number): boolean {
    const at = Math.floor(sequence / 8);
    const bit = 1 << (sequence % 8);
    if ((this.#bits[at]! & bit) !== 0) return false;
    this.#bits[at]! |= bit;
    return true;
  }
}
