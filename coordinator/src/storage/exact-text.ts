import { ChoraleError } from '@chorale/protocol';
import type { ReportRecord } from './store.ts';

/**
 * Lets only reports through that every store gives back as they were. Databases replace halves of
 * surrogate pairs and end text at NUL: the report would then differ from its own repetition. No device
 * writes either, as JSON escapes both.
 * @throws ChoraleError `REPORT_INVALID`
 */
export function requireExactText({ participant, group, text }: ReportRecord): void {
  for (const value of [participant, group, text]) {
    if (!value.isWellFormed() || value.includes('\0')) {
      throw new ChoraleError('REPORT_INVALID', 'the report or its invitation holds a character that cannot be stored');
    }
  }
}
