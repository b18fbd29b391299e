import { parseWholeNumber, UsageError } from './command-errors.ts';

/** What commands assume where they are not told: the environment, then the usual. @throws UsageError */
export function defaults(): { port: number; host: string; data: string } {
  return {
    port: portOf(process.env['PORT']),
    host: process.env['HOST'] || 'localhost',
    data: process.env['DATA_DIR'] || 'data',
  };
}

function portOf(text: string | undefined): number {
  if (!text) return 8787;
  try {
    return parseWholeNumber(text);
  } catch (cause) {
    throw new UsageError(`PORT must be a whole number, got ${text}`, { cause });
  }
}
