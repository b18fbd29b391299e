import { canonicalJson, sha256Name } from './manifest-hash.ts';
import type { LogEntry, LogHead } from './oversight.ts';

/** What checking a log has found. */
export type LogCheck = LogHead & {
  /** The first place where it breaks, as one sentence; `null` where it holds. */
  finding: string | null;
};

/** The bytes that an entry's hash is of: canonical JSON (RFC 8785) of all but the hash. */
function canonicalLogEntry(entry: LogEntry): string {
  const { sequence, previous, at, actor, action, subject, details } = entry;
  return canonicalJson({ sequence, previous, at, actor, action, subject, details });
}

/**
 * Checks a log from its first entry on: numbers without gaps, each hash that of its entry, each entry bound to the one
 * before. It cannot tell whether entries are missing at the end: that takes an `anchor`, a number and hash that were
 * noted outside. [O6]
 * @param options.anchor must be among the entries as it was noted
 * @throws ChoraleError `INSECURE_CONTEXT` without WebCrypto
 */
export async function checkLog(
  entries: Iterable<LogEntry> | AsyncIterable<LogEntry>,
  { anchor }: { anchor?: LogHead | undefined } = {},
): Promise<LogCheck> {
  let head: LogHead = { sequence: 0, hash: null };
  for await (const entry of entries) {
    const finding = (await mistake(entry, head)) ?? contradiction(entry, anchor);
    if (finding !== null) return { ...head, finding };
    head = { sequence: entry.sequence, hash: entry.hash };
  }
  const isShort = anchor !== undefined && head.sequence < anchor.sequence;
  return {
    ...head,
    finding: isShort ? `entries ${head.sequence + 1} to ${anchor.sequence} are missing at the end` : null,
  };
}

async function mistake(entry: LogEntry, before: LogHead): Promise<string | null> {
  const expected = before.sequence + 1;
  if (entry.sequence !== expected) return `entry ${expected} is missing: entry ${entry.sequence} is in its place`;
  if (entry.previous !== before.hash) return `entry ${expected} does not follow from the one before it`;
  if (entry.hash !== (await sha256Name(canonicalLogEntry(entry)))) {
    return `entry ${expected} was changed: its hash is not that of its content`;
  }
  return null;
}

function contradiction({ sequence, hash }: LogEntry, anchor: LogHead | undefined): string | null {
  if (anchor?.sequence !== sequence || anchor.hash === hash) return null;
  return `entry ${sequence} is not the one that was anchored: this log was written again`;
}
