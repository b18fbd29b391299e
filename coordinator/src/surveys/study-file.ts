import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChoraleError, type Manifest, parseManifest } from '@chorale/protocol';

/**
 * Reads a manifest from a JSON file.
 * @throws ChoraleError `MANIFEST_INVALID`, naming the file and what is wrong with it, in one line.
 */
export async function readStudyFile(path: string): Promise<Manifest> {
  const text = await readText(path);
  try {
    return parseManifest(JSON.parse(text));
  } catch (cause) {
    const reason = cause instanceof ChoraleError ? cause.message : 'it is not JSON';
    throw new ChoraleError('MANIFEST_INVALID', `study file ${path}: ${reason}`, { cause });
  }
}

/** Manifests of all `*.json` files in a folder, in the order of their names; none when there is no folder. */
export async function readStudyFolder(folder: string): Promise<Manifest[]> {
  const names = await readdir(folder).catch(() => []);
  const files = names.filter((name) => name.endsWith('.json')).toSorted();
  return Promise.all(files.map((name) => readStudyFile(join(folder, name))));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    throw new ChoraleError('MANIFEST_INVALID', `study file ${path} cannot be read (${code})`, { cause });
  }
}
