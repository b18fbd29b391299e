import { chmodSync, closeSync, openSync } from 'node:fs';

/**
 * Makes sure that a database file is there and only its owner can read it: it holds the signing secrets.
 * SQLite gives its other files the same mode.
 */
export function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  } catch {
    // Whatever is wrong with it, opening the database says so in its own words.
  }
}
