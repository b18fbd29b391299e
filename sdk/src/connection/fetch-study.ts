import { ChoraleError, limits, type Manifest, ManifestMismatchError, parseSurveyManifest } from '@chorale/protocol';
import { lazyPart } from '../lazy-part.ts';
import { type Study, studyOf } from '../study.ts';
import { apiUrl } from './api-request.ts';
import { cappedBody } from './capped-body.ts';
import { parseJson, refusalOf } from './refusal.ts';

/**
 * Fetches a study's manifest from its coordinator and checks it against the pinned hash.
 * @throws ChoraleError `STUDY_UNKNOWN`, `CONNECTION_LOST`, `MANIFEST_INVALID`, `INSECURE_CONTEXT`; or the
 *   coordinator's refusal, such as `RATE_LIMITED` or `UNAVAILABLE`, with `retryAfterMs` where it says when to
 *   ask again.
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
  const manifest = await checkManifest(readJson(await fetchText(url, signal)));
  if (manifest.id !== study)
    throw new ManifestMismatchError(`the coordinator sent study ${manifest.id} instead of ${study}`);
  const fetched = await studyOf(manifest);
  if (pin !== undefined && fetched.hash !== pin) {
    throw new ManifestMismatchError(`the coordinator's manifest is ${fetched.hash}, this page pins ${pin}`);
  }
  return fetched;
}

/** The whole manifest is checked before anything is asked; what checks training is fetched for studies that have one. */
async function checkManifest(data: unknown): Promise<Manifest> {
  if (typeof data !== 'object' || data === null || !('training' in data)) return parseSurveyManifest(data);
  const { parseManifest } = await lazyPart(import('@chorale/protocol/manifest'));
  return parseManifest(data);
}

async function fetchText(url: URL, signal: AbortSignal | undefined): Promise<string> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json, application/problem+json' },
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.status === 404) throw new ChoraleError('STUDY_UNKNOWN', 'the coordinator does not have this study');
    if (!response.ok) throw await refusalOf(response);
    const body = await cappedBody(response, { limitBytes: limits.manifestBytes });
    if (body !== null) return new TextDecoder().decode(body);
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof ChoraleError) throw cause;
    throw new ChoraleError('CONNECTION_LOST', 'the coordinator cannot be reached', { cause });
  }
  throw new ChoraleError('MANIFEST_INVALID', `manifest: longer than ${limits.manifestBytes} bytes`);
}

function readJson(text: string): unknown {
  const value = parseJson(text);
  if (value === undefined) throw new ChoraleError('MANIFEST_INVALID', 'manifest: not JSON');
  return value;
}
