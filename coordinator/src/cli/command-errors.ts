import { ChoraleError } from '@chorale/protocol';
import { CommanderError, InvalidArgumentError } from 'commander';
import { BuildMissingError } from '../http/build-missing-error.ts';

/** Arguments that do not fit together. Ends the command with code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** How a command that threw ends: 0 for help, 2 for bad arguments, 1 for failures. */
export function exitCode(error: unknown): 0 | 1 | 2 {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof UsageError || error instanceof BuildMissingError) return 2;
  if (error instanceof ChoraleError && error.code === 'MANIFEST_INVALID') return 2;
  return 1;
}

/** What is wrong, in one line. */
export function errorLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message
    .replace(/^error: /, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** Parses a finite number of a command line. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
}

/** Parses a whole number of a command line. */
export function parseWholeNumber(text: string): number {
  const value = parseNumber(text);
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
  return value;
}

/**
 * Runs a calculation on arguments of a command line.
 * @throws UsageError for what the calculation refuses as out of range, by the name of the flag
 */
export function calculate<T>(calculation: () => T): T {
  try {
    return calculation();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message.replace(/^[a-z]+([A-Z][a-z]+)+\b/, flagOf), { cause: error });
  }
}

/** The flag of a parameter: `--noise-multiplier` of `noiseMultiplier`. */
export function flagOf(parameter: string): string {
  return `--${parameter.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** A mechanism's name as this program writes it, however the field's papers and tools do. */
export function parseName(text: string): string {
  return text.toLowerCase().replaceAll('_', '-');
}
