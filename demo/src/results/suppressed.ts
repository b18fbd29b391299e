import type { SuppressionReason } from '@chorale/protocol';

/** What is said in the place of a number that may not be shown. */
export function suppressedText(reason: SuppressionReason): string {
  switch (reason) {
    case 'too-few':
      return 'not enough answers yet';
    case 'too-uncertain':
      return 'too uncertain to show yet';
    case 'too-similar':
      return 'held back: nearly the same people as in an earlier number';
  }
}

/** The same where there is little room. */
export function shortReason(reason: SuppressionReason): string {
  switch (reason) {
    case 'too-few':
      return 'too few';
    case 'too-uncertain':
      return 'too uncertain';
    case 'too-similar':
      return 'held back';
  }
}
