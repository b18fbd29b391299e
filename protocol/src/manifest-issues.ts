import * as v from 'valibot';
import { Manifest } from './manifest.ts';

/** One rule that a manifest breaks, and where: `survey.questions.0.text`, or `null` for the manifest as a whole. */
export type ManifestIssue = { path: string | null; message: string };

/** All rules that untrusted data breaks as a manifest, for whoever edits it; none where `parseManifest` takes it. */
export function manifestIssues(data: unknown): ManifestIssue[] {
  const { issues = [] } = v.safeParse(Manifest, data);
  return issues.map((issue) => ({ path: v.getDotPath(issue), message: issue.message }));
}
