import type { SpendRecord } from './device-store.ts';

/** What makes two spends the same one, so that it is charged once however often it is stored. */
export function spendKey({ study, kind, reference, privacyUnit }: SpendRecord): string {
  return [study, kind, reference, privacyUnit].join('\n');
}
