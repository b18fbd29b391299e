import { ChoraleError } from '@chorale/protocol';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { StorageError } from '../storage/storage-error.ts';
import { FailureLog } from './failure-log.ts';

it('writes one line a second of a kind, says how many it left out, and none of refusals', () => {
  const lines: { leftOut: number; err: { message: string } }[] = [];
  const log = pino({ level: 'trace' }, { write: (line) => void lines.push(JSON.parse(line)) });
  let now = 0;
  const failures = new FailureLog({ log, now: () => now });
  for (let i = 0; i < 100; i += 1) failures.note(new StorageError('the disk is full'));
  failures.note(new TypeError('a bug'));
  failures.note(new ChoraleError('REPORT_INVALID', 'no report'));
  now = 1000;
  failures.note(new StorageError('still full'));
  expect(lines.map(({ leftOut, err }) => [err.message, leftOut])).toEqual([
    ['the disk is full', 0],
    ['a bug', 0],
    ['still full', 99],
  ]);
});
