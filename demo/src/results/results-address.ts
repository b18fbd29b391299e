/** What a study's results can be looked at as; each is a page with an address of its own. */
export const studyViews = ['questions', 'heatmap', 'drivers', 'participation', 'training'] as const;
export type StudyView = (typeof studyViews)[number];

export type ResultsAddress =
  | { page: 'list' }
  | { page: 'study'; study: string; view: StudyView }
  | { page: 'trend'; series: string }
  | { page: 'unknown' };

/** What `/results`, `/results/STUDY`, `/results/STUDY/VIEW` and `/results/SERIES/trend` ask for. */
export function readAddress(path: string): ResultsAddress {
  const parts = path.split('/').filter((part) => part !== '');
  const [folder, id, view = 'questions', ...more] = parts.map(decoded);
  if (folder !== 'results' || more.length > 0) return { page: 'unknown' };
  if (id === undefined) return { page: 'list' };
  if (view === 'trend') return { page: 'trend', series: id };
  const known = studyViews.find((name) => name === view);
  return known === undefined ? { page: 'unknown' } : { page: 'study', study: id, view: known };
}

export function studyAddress(study: string, view: StudyView = 'questions'): string {
  const path = `/results/${encodeURIComponent(study)}`;
  return view === 'questions' ? path : `${path}/${view}`;
}

export function trendAddress(series: string): string {
  return `/results/${encodeURIComponent(series)}/trend`;
}

/** A part that is no percent-encoding names nothing that exists, so it may stand for itself. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
