import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { explainFailure } from './sqlite-refusal.ts';
import { StorageError } from './storage-error.ts';

/** Makes a data folder and those above it, so that they survive a power cut. @throws StorageError */
export function makeFolder(folder: string): void {
  try {
    makeDurably(resolve(folder));
  } catch (error) {
    const explanation = explainFailure(error, folder);
    throw explanation === null ? error : new StorageError(explanation, { cause: error });
  }
}

// Level by level: a recursive mkdir never returns where the system refuses new folders with "no such file".
function makeDurably(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  makeDurably(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
  // A new folder is only durable once its parent's entry for it is.
  flushFolder(dirname(folder));
}

/** Writes a folder's entries through to the disk. */
export function flushFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
