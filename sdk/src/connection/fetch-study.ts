import { ChoraleError, limits, ManifestMismatchError, parseManifest } from '@chorale/protocol';
import { type Study, studyOf } from '../study.ts';

/**
 * Fetches a study's manifest from its coordinator and checks it against the pinned hash.
 * @throws ChoraleError `STUDY_UNKNOWN`, `CONNECTION_LOST`, `MANIFEST_INVALID`, `INSECURE_CONTEXT`.
 * @throws ManifestMismatchError when it is not the pinned one, or another study's.
 */
export async function fetchStudy({
  coordinator,
  study,
  pin,
  signal,
}: {
  coordinator: string | URL;
  study: string;
  /** `sha256-…`; without it, what the coordinator serves is believed. */
  pin?: string | undefined;
  signal?: AbortSignal | undefined;
}): Promise<Study> {
  const url = apiUrl(coordinator, `api/v1/studies/${encodeURIComponent(study)}`);
  const manifest = parseManifest(parseJson(await fetchText(url, signal)));
  if (manifest.id !== study)
    throw new ManifestMismatchError(`the coordinator sent study ${manifest.id} instead of ${study}`);
  const fetched = await studyOf(manifest);
  if (pin !== undefined && fetched.hash !== pin) {
    throw new ManifestMismatchError(`the coordinator's manifest is ${fetched.hash}, this page pins ${pin}`);
  }
  return fetched;
}

/** An address under the coordinator's, which may have a path of its own. */
export function apiUrl(coordinator: string | URL, path: string): URL {
  const base = new URL(coordinator);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return new URL(path, base);
}

async function fetchText(url: URL, signal: AbortSignal | undefined): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url, {
      headers: { accept: 'application/json' },
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ChoraleError('CONNECTION_LOST', 'the coordinator cannot be reached', { cause });
  }
  if (response.status === 404) throw new ChoraleError('STUDY_UNKNOWN', 'the coordinator does not have this study');
  if (!response.ok) throw new ChoraleError('CONNECTION_LOST', `the coordinator answered ${response.status}`);
  return readCapped(response);
}

/** The body as text, never more of it than a manifest may have. */
async function readCapped(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  const reader = response.body?.getReader();
  try {
    // Not every browser iterates over a stream.
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      bytes += part.value.byteLength;
      if (bytes > limits.manifestBytes) break;
      text += decoder.decode(part.value, { stream: true });
    }
  } catch (cause) {
    throw new ChoraleError('CONNECTION_LOST', 'the connection broke', { cause });
  }
  if (bytes > limits.manifestBytes) {
    await reader?.cancel();
    throw new ChoraleError('MANIFEST_INVALID', `manifest: longer than ${limits.manifestBytes} bytes`);
  }
  return text + decoder.decode();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ChoraleError('MANIFEST_INVALID', 'manifest: not JSON');
  }
}
