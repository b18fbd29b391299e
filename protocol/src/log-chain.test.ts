import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkLog } from './log-chain.ts';
import { canonicalJson } from './manifest-hash.ts';
import type { LogContent, LogEntry } from './oversight.ts';

const actor = { type: 'person', name: 'Ada Ünlü', role: 'analyst' } as const;
const contents: LogContent[] = ['pulse', 'exit', 'climate', 'return'].map((subject, i) => ({
  at: `2026-11-0${i + 1}T08:00:00.000Z`,
  actor,
  action: 'draft-proposed',
  subject,
  details: { manifest: `sha256-${i}`, blocks: i },
}));

/** A chain as a store makes it, by a hash of its own. */
function chain(of: readonly LogContent[]): LogEntry[] {
  const entries: LogEntry[] = [];
  for (const [i, content] of of.entries()) {
    const entry = { ...content, sequence: i + 1, previous: entries[i - 1]?.hash ?? null };
    const hash = createHash('sha256').update(canonicalJson(entry)).digest('base64');
    entries.push({ ...entry, hash: `sha256-${hash}` });
  }
  return entries;
}

const whole = chain(contents);
const anchor = { sequence: 3, hash: whole[2]!.hash };

describe('checkLog', () => {
  test('[O5] finds nothing in a log as it was written, and says where it ends', async () => {
    expect(await checkLog(whole)).toEqual({ sequence: 4, hash: whole[3]!.hash, finding: null });
    expect(await checkLog([])).toEqual({ sequence: 0, hash: null, finding: null });
    expect(await checkLog(whole, { anchor })).toMatchObject({ finding: null });
  });

  test('[O5] the hash is of canonical JSON, so that anybody can compute it', async () => {
    // printf '%s' '{"action":…}' | openssl dgst -sha256 -binary | base64
    const [first] = chain([
      { at: 't', actor: { type: 'operator' }, action: 'person-added', subject: 's', details: {} },
    ]);
    const text =
      '{"action":"person-added","actor":{"type":"operator"},"at":"t","details":{},"previous":null,"sequence":1,"subject":"s"}';
    expect(first!.hash).toBe(`sha256-${createHash('sha256').update(text).digest('base64')}`);
    expect(await checkLog([first!])).toMatchObject({ finding: null });
  });

  test('[O5] finds every changed byte, where it was changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 255 }), async (position, flip) => {
        const texts = whole.map((entry) => JSON.stringify(entry));
        const at = position % texts.join('').length;
        const index = texts.findIndex((_, i) => texts.slice(0, i + 1).join('').length > at);
        const bytes = Buffer.from(texts[index]!);
        bytes[at % bytes.length]! ^= flip;
        let changed: LogEntry;
        try {
          changed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
        } catch {
          return;
        }
        if (canonicalJson(changed) === canonicalJson(whole[index]!)) return;
        const { finding } = await checkLog(whole.with(index, changed));
        expect(finding).toMatch(new RegExp(`^entry ${index + 1} `));
      }),
    );
  });

  test.each([
    ['one is deleted', whole.toSpliced(1, 1), 'entry 2 is missing: entry 3 is in its place'],
    ['the first is deleted', whole.slice(1), 'entry 1 is missing: entry 2 is in its place'],
    ['two change places', [whole[0]!, whole[2]!, whole[1]!, whole[3]!], 'entry 2 is missing: entry 3 is in its place'],
    ['one is there twice', [whole[0]!, whole[0]!], 'entry 2 is missing: entry 1 is in its place'],
    [
      'two change places and numbers',
      [whole[0]!, { ...whole[2]!, sequence: 2 }, { ...whole[1]!, sequence: 3 }],
      'entry 2 does not follow from the one before it',
    ],
    [
      'one is changed and sealed again',
      [whole[0]!, chain([contents[0]!, { ...contents[1]!, subject: 'other' }])[1]!, whole[2]!],
      'entry 3 does not follow from the one before it',
    ],
  ])('[O5] finds where a log breaks when %s', async (_, entries, finding) => {
    expect(await checkLog(entries)).toMatchObject({ finding });
  });

  test('[O6] only an anchor tells that entries are missing at the end, or that all were written again', async () => {
    const short = whole.slice(0, 2);
    expect(await checkLog(short)).toMatchObject({ sequence: 2, finding: null });
    expect(await checkLog(short, { anchor })).toMatchObject({ finding: 'entries 3 to 3 are missing at the end' });
    const other = chain([{ ...contents[0]!, subject: 'other' }, ...contents.slice(1)]);
    expect(await checkLog(other)).toMatchObject({ finding: null });
    expect(await checkLog(other, { anchor })).toMatchObject({
      sequence: 2,
      finding: 'entry 3 is not the one that was anchored: this log was written again',
    });
  });
});
