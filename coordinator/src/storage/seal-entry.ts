import { createHash } from 'node:crypto';
import type { LogContent, LogEntry, LogHead } from '@chorale/protocol';
import canonicalize from 'canonicalize';

/**
 * Gives an entry its place at the end of the log: its hash covers all that it says and, by the hash of the entry before,
 * all that came before it. `checkLog` of the protocol is the other half.
 */
export function sealEntry(content: LogContent, head: LogHead): LogEntry {
  const { at, actor, action, subject, details } = content;
  const entry = { sequence: head.sequence + 1, previous: head.hash, at, actor, action, subject, details };
  const hash = createHash('sha256').update(canonicalize(entry)!).digest('base64');
  return { ...entry, hash: `sha256-${hash}` };
}
