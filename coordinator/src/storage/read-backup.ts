import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import * as v from 'valibot';
import {
  BACKUP_VERSION,
  type BackupCounts,
  BackupEnd,
  BackupHeader,
  BackupLine,
  type BackupRecord,
  type BackupSummary,
  MAXIMUM_LINE_BYTES,
  noRecords,
} from './backup-format.ts';
import { BackupInvalidError } from './backup-invalid-error.ts';

/** Records given out at a time. */
const PAGE = 500;
const LINE_BREAK = 10;

/**
 * Reads a backup. `take` gets its records a page at a time before the end is known: what it does with
 * them must be undone when this rejects.
 * @throws BackupInvalidError unless the backup is whole and as it was written
 */
export async function readBackup(
  file: Readable,
  take: (records: BackupRecord[], counts: BackupCounts) => Promise<void>,
): Promise<BackupSummary> {
  const hash = createHash('sha256');
  const counts = noRecords();
  let header: v.InferOutput<typeof BackupHeader> | null = null;
  let isEnded = false;
  let page: BackupRecord[] = [];

  for await (const bytes of linesOf(file)) {
    if (isEnded) throw new BackupInvalidError('something follows its end');
    if (header === null) {
      header = parseHeader(bytes);
    } else {
      const content = parseLine(bytes);
      if (content.type === 'end') {
        requireSame(content, { counts, sha256: hash.copy().digest('hex') });
        isEnded = true;
      } else {
        counts[content.type] += 1;
        page.push(content);
        if (page.length >= PAGE) {
          await take(page, counts);
          page = [];
        }
      }
    }
    hash.update(bytes);
  }
  if (header === null || !isEnded) throw new BackupInvalidError('it is cut off');
  if (page.length > 0) await take(page, counts);
  return { createdAt: header.createdAt, counts };
}

function parseHeader(bytes: Uint8Array): v.InferOutput<typeof BackupHeader> {
  const header = v.safeParse(BackupHeader, parseJson(bytes));
  if (!header.success) throw new BackupInvalidError('it is no backup of Chorale');
  if (header.output.version > BACKUP_VERSION) throw new BackupInvalidError('a newer version of Chorale wrote it');
  return header.output;
}

function parseLine(bytes: Uint8Array): v.InferOutput<typeof BackupLine> {
  const content = v.safeParse(BackupLine, parseJson(bytes));
  if (!content.success) throw new BackupInvalidError('it was changed: a line is no record');
  return content.output;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new BackupInvalidError('it was changed: a line is no JSON', { cause });
  }
}

function requireSame(end: v.InferOutput<typeof BackupEnd>, read: { counts: BackupCounts; sha256: string }): void {
  if (end.sha256 !== read.sha256) throw new BackupInvalidError('it was changed: its checksum does not fit');
  for (const [type, count] of Object.entries(read.counts)) {
    if (end.counts[type as BackupRecord['type']] !== count) {
      throw new BackupInvalidError(`it was changed: it does not hold as many records of type ${type} as it says`);
    }
  }
}

/** Lines with their line breaks, as bytes. */
async function* linesOf(file: Readable): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of unzipped(file)) {
    let start = 0;
    for (let at = chunk.indexOf(LINE_BREAK); at !== -1; at = chunk.indexOf(LINE_BREAK, start)) {
      const rest = chunk.subarray(start, at + 1);
      yield parts.length === 0 ? rest : Buffer.concat([...parts, rest]);
      parts = [];
      length = 0;
      start = at + 1;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > MAXIMUM_LINE_BYTES) throw new BackupInvalidError('a line of it is longer than any record');
  }
  if (length > 0) throw new BackupInvalidError('it is cut off');
}

async function* unzipped(file: Readable): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  file.on('error', (error) => gunzip.destroy(error));
  try {
    yield* file.pipe(gunzip);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'Z_BUF_ERROR') throw new BackupInvalidError('it is cut off', { cause });
    if (typeof code === 'string' && code.startsWith('Z_')) {
      throw new BackupInvalidError('it is no backup of Chorale, or damaged', { cause });
    }
    throw cause;
  } finally {
    file.destroy();
  }
}
