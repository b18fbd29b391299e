// Pieces of the element that the project's own pages show as well, in English.
import english from './messages/en.json';
import { Words } from './words.ts';

export { answersForm } from './answers-form.ts';
export { errorNotice, isPassing } from './error-notice.ts';
export { ledgerMeters } from './ledger-meters.ts';
export { formatDelta, oddsFactor } from './privacy-figures.ts';
export const englishText = new Words('en', english);
export { styles as elementStyles } from './styles.ts';
