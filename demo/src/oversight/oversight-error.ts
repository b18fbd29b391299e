import type { ErrorCode } from '@chorale/protocol';
import { englishText, errorNotice as noticeInWords } from '@chorale/sdk/elements/views';
import type { TemplateResult } from 'lit';

/** What only those who design, approve and oversee studies can be told. */
const known: Partial<Record<ErrorCode, { title: string; advice: string }>> = {
  MANIFEST_INVALID: {
    title: 'This is no manifest of a study',
    advice: 'The rule that it breaks, and where, is named below. Nothing was changed.',
  },
  BENCHMARKS_INVALID: {
    title: 'These benchmarks cannot be imported',
    advice: 'The rows that are wrong, and why, are named below. Nothing was changed.',
  },
  CSV_INVALID: {
    title: 'This file cannot be read',
    advice: 'Where, and why, is named below. Nothing was changed.',
  },
  TOKEN_INVALID: {
    title: 'Nobody is signed in',
    advice: 'The link or token that signed in here is not valid any more. Open a new one.',
  },
  PERMISSION_DENIED: {
    title: 'This is for somebody else to do',
    advice: 'Your role, or your part in this study, does not allow it.',
  },
  DRAFT_CONFLICT: {
    title: 'The draft was changed meanwhile',
    advice: 'Load this page again and read what is there now: a decision is about exactly what was read.',
  },
  STUDY_CONFLICT: {
    title: 'There is a published study of this name',
    advice: 'Give yours another identifier: a study never changes once people may have answered it.',
  },
};

/** A failure as a notice with its next step; `retry` adds a button. */
export function oversightError(error: unknown, retry?: () => void): TemplateResult {
  return noticeInWords(error, { words: englishText, retry, known });
}
