import { ChoraleError, type ErrorCode, type Manifest, parseManifest, type SeriesSummary } from '@chorale/protocol';
import type { Employee } from './employee.ts';

/**
 * A study whose answers may be made up.
 * @throws ChoraleError `STUDY_UNKNOWN`, `MANIFEST_INVALID` or `CONNECTION_LOST`.
 * @throws TypeError for a study that is not simulated or asks nothing: made-up answers would spoil it.
 */
export async function simulatedStudy(server: string, id: string): Promise<Manifest> {
  const manifest = parseManifest(await requestJson(new URL(`/api/v1/studies/${encodeURIComponent(id)}`, server)));
  if (!manifest.simulated)
    throw new TypeError(`study ${manifest.id} is not simulated: its answers must come from people`);
  if (manifest.survey === undefined) throw new TypeError(`study ${manifest.id} asks no questions`);
  return manifest;
}

/** Ids of the studies that are waves of a series, the first one first; none for a series that is not there. */
export async function wavesOf(server: string, series: string): Promise<string[]> {
  const all = (await requestJson(new URL('/api/v1/series', server))) as SeriesSummary[];
  return all.find((candidate) => candidate.series === series)?.waves.map(({ study }) => study) ?? [];
}

/** An invitation for each, in their order. */
export async function inviteAll(server: string, study: string, people: readonly Employee[]): Promise<string[]> {
  const { tokens } = (await requestJson(new URL('/demo/invitations', server), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ study, invitations: people.map(({ name, group }) => ({ name, group })) }),
  })) as { tokens: string[] };
  return tokens;
}

async function requestJson(url: URL, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init).catch((cause: unknown) => {
    throw new ChoraleError('CONNECTION_LOST', `no coordinator answers at ${url.origin}: start one with npm start`, {
      cause,
    });
  });
  if (response.ok) return response.json();
  const problem = (await response.json().catch(() => ({}))) as { code?: ErrorCode; detail?: string };
  throw new ChoraleError(problem.code ?? 'INTERNAL', problem.detail ?? `${url.pathname}: status ${response.status}`);
}
