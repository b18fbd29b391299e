import { type Actor, ChoraleError, type Draft, type LogEntry, type Manifest } from '@chorale/protocol';
import { ask, request } from '../api.ts';
import { sessionToken } from './session.ts';

/** Entries of the log asked for at a time. */
const PAGE = 1000;

/** Who is signed in. @throws ChoraleError `TOKEN_INVALID` where nobody is */
export async function fetchMe(): Promise<Actor> {
  return request('/api/v1/persons/me', authorized());
}

export async function fetchDrafts(): Promise<Draft[]> {
  return request('/api/v1/drafts', authorized());
}

/** @throws ChoraleError `STUDY_CONFLICT`, `MANIFEST_INVALID`, `PERMISSION_DENIED` */
export async function propose(manifest: Manifest): Promise<{ manifest: string }> {
  return request(`/api/v1/drafts/${encodeURIComponent(manifest.id)}`, authorized('PUT', manifest));
}

/** Decides on the draft with this hash, and no other. @throws ChoraleError `DRAFT_CONFLICT` when it was changed */
export async function decide(
  decision: 'approve' | 'publish' | 'discard',
  { id, hash }: { id: string; hash: string },
): Promise<void> {
  await request(`/api/v1/drafts/${encodeURIComponent(id)}/${decision}`, authorized('POST', { manifest: hash }));
}

export async function endStudy(end: 'close' | 'purge', id: string): Promise<void> {
  await request(`/api/v1/studies/${encodeURIComponent(id)}/${end}`, authorized('POST'));
}

/** The whole log, in order. */
export async function fetchLog(): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (;;) {
    const after = entries.at(-1)?.sequence ?? 0;
    const page = await request<LogEntry[]>(`/api/v1/log?after=${after}&limit=${PAGE}`, authorized());
    entries.push(...page);
    if (page.length < PAGE) return entries;
  }
}

/** A study's evidence pack, one HTML file; that it was taken is in the log. */
export async function fetchEvidence(id: string): Promise<Blob> {
  return (await ask(`/api/v1/studies/${encodeURIComponent(id)}/evidence`, authorized('POST'))).blob();
}

/** In the place of what was imported before. @throws ChoraleError `BENCHMARKS_INVALID`, naming rows */
export async function importBenchmarks(study: string, rows: readonly object[]): Promise<void> {
  await request(`/api/v1/studies/${encodeURIComponent(study)}/benchmarks`, authorized('PUT', rows));
}

export async function removeBenchmarks(study: string): Promise<void> {
  await request(`/api/v1/studies/${encodeURIComponent(study)}/benchmarks`, authorized('DELETE'));
}

function authorized(method = 'GET', body?: object): RequestInit {
  const token = sessionToken();
  if (token === null) throw new ChoraleError('TOKEN_INVALID', 'nobody is signed in');
  const headers = { authorization: `Bearer ${token}` };
  if (body === undefined) return { method, headers };
  return { method, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
