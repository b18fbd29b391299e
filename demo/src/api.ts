import {
  ChoraleError,
  type ErrorCode,
  type Manifest,
  type ModelCard,
  parseManifest,
  type SeriesResults,
  type SeriesSummary,
  type StudySummary,
  type SurveyResults,
  type TrainingRounds,
} from '@chorale/protocol';

/** All studies that the coordinator which serves this page has published, those with a survey first. */
export async function fetchStudies(): Promise<StudySummary[]> {
  const studies = await request<StudySummary[]>('/api/v1/studies');
  return studies.toSorted((a, b) => Number(b.survey) - Number(a.survey) || a.title.localeCompare(b.title));
}

/** @throws ChoraleError `STUDY_UNKNOWN`, `MANIFEST_INVALID` or `CONNECTION_LOST`. */
export async function fetchManifest(study: string): Promise<Manifest> {
  return parseManifest(await request<unknown>(`/api/v1/studies/${encodeURIComponent(study)}`));
}

export async function fetchResults(study: string): Promise<SurveyResults> {
  return request<SurveyResults>(`/api/v1/studies/${encodeURIComponent(study)}/results`);
}

/** All series, each with its waves. */
export async function fetchSeriesList(): Promise<SeriesSummary[]> {
  return request<SeriesSummary[]>('/api/v1/series');
}

/** @throws ChoraleError `STUDY_UNKNOWN` also where no study is a wave of such a series. */
export async function fetchSeries(series: string): Promise<SeriesResults> {
  return request<SeriesResults>(`/api/v1/series/${encodeURIComponent(series)}`);
}

export async function fetchRounds(study: string): Promise<TrainingRounds> {
  return request<TrainingRounds>(`/api/v1/studies/${encodeURIComponent(study)}/rounds`);
}

/** `null` while no round has been committed. */
export async function fetchModelCard(study: string): Promise<ModelCard | null> {
  try {
    return await request<ModelCard>(`/api/v1/studies/${encodeURIComponent(study)}/model/card`);
  } catch (error) {
    if (error instanceof ChoraleError && error.code === 'TRAINING_ABSENT') return null;
    throw error;
  }
}

/**
 * An invitation as an HR system would mail it to one person. The demo makes them for anybody who asks;
 * the same name always gets the same invitation, so that it answers once.
 */
export async function invite({ study, name, group }: { study: string; name: string; group: string }): Promise<string> {
  const { tokens } = await request<{ tokens: string[] }>('/demo/invitations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ study, invitations: [{ name, group }] }),
  });
  const [token] = tokens;
  if (token === undefined) throw new ChoraleError('INTERNAL', 'the coordinator returned no invitation');
  return token;
}

/** What the coordinator answers, as JSON. @throws ChoraleError its refusal, or `CONNECTION_LOST` */
export async function request<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await ask(path, init)).json()) as T;
}

/** The same, before it is read. */
export async function ask(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (cause) {
    throw new ChoraleError('CONNECTION_LOST', 'the coordinator cannot be reached', { cause });
  }
  if (response.ok) return response;
  throw await problem(response);
}

/** RFC 9457 problem details as an error of ours. */
async function problem(response: Response): Promise<ChoraleError> {
  const fallback = { code: 'INTERNAL', detail: `the coordinator answered with status ${response.status}` };
  const body: { code?: string; detail?: string; title?: string } = await response.json().catch(() => fallback);
  return new ChoraleError((body.code ?? fallback.code) as ErrorCode, body.detail ?? body.title ?? fallback.detail);
}
