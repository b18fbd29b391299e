import type { ErrorCode } from '@chorale/protocol';
import { englishText, errorNotice as noticeInWords } from '@chorale/sdk/elements/views';
import type { TemplateResult } from 'lit';

export { isPassing } from '@chorale/sdk/elements/views';

/** What only pages that train, or that show results, can be told. */
const known: Partial<Record<ErrorCode, { title: string; advice: string }>> = {
  STUDY_UNKNOWN: {
    title: 'There is no such study here',
    advice: 'Check the link from your invitation, or pick a study on the overview page.',
  },
  NOISELESS_REFUSED: {
    title: 'This study trains without noise',
    advice: 'That needs your explicit agreement, and exists for simulated studies only.',
  },
  TRAINING_ABSENT: {
    title: 'This study trains nothing',
    advice: 'It has a survey only. Pick another study on the overview page.',
  },
  TRAINING_DATA_INVALID: {
    title: 'These rows cannot be used',
    advice: 'Open the file again, or use made-up employees.',
  },
  ENGINE_UNAVAILABLE: {
    title: 'This browser cannot train',
    advice: 'No training engine passed its self-test here. Try another browser.',
  },
};

/** A failure as a notice with its next step; `retry` adds a button. */
export function errorNotice(error: unknown, retry?: () => void): TemplateResult {
  return noticeInWords(error, { words: englishText, retry, known });
}
