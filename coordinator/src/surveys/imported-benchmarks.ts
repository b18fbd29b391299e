import { type Actor, Benchmark, benchmarksFit, ChoraleError, limits } from '@chorale/protocol';
import * as v from 'valibot';
import { requirePermission } from '../oversight/permissions.ts';
import type { Store } from '../storage/store.ts';
import { hasSurvey, type StudyRegistry } from './study-registry.ts';

/** Those of one study, as many as a manifest may have. */
const Benchmarks = v.pipe(v.array(Benchmark), v.minLength(1), v.maxLength(limits.benchmarks));

const ACTIONS = ['benchmarks-imported', 'benchmarks-removed'] as const;

type Options = {
  store: Pick<Store, 'appendLog' | 'lastEntry'>;
  studies: StudyRegistry;
  /** Milliseconds since 1970. */
  now: () => number;
};

/**
 * What others got for the questions of a study that is published already. An import is kept as its entry of the log, word
 * for word, and counts until the next one: so it cannot be told apart later what was compared with, and who brought it. [O9]
 */
export class ImportedBenchmarks {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** In the place of all that were imported before. @throws ChoraleError `PERMISSION_DENIED`, `STUDY_UNKNOWN`, `BENCHMARKS_INVALID` */
  async import(id: string, rows: unknown, actor: Actor): Promise<{ count: number }> {
    requirePermission(actor, 'compare', 'importing benchmarks');
    const study = await this.#options.studies.get(id);
    if (!hasSurvey(study)) throw new ChoraleError('STUDY_UNKNOWN', `study ${id} has no survey`);
    const benchmarks = checked(rows, study.manifest.survey!.questions);
    const details = { manifest: study.hash, count: benchmarks.length, benchmarks: JSON.stringify(benchmarks) };
    await this.#log(id, 'benchmarks-imported', { actor, details });
    return { count: benchmarks.length };
  }

  /** Those of the manifest stay. @throws ChoraleError `PERMISSION_DENIED`, `STUDY_UNKNOWN` */
  async remove(id: string, actor: Actor): Promise<{ count: number }> {
    requirePermission(actor, 'compare', 'removing benchmarks');
    const { hash } = await this.#options.studies.get(id);
    const { length } = await this.of(id);
    if (length > 0) await this.#log(id, 'benchmarks-removed', { actor, details: { manifest: hash, count: length } });
    return { count: 0 };
  }

  /** The latest import; empty where there is none, or it was removed. */
  async of(id: string): Promise<Benchmark[]> {
    const entry = await this.#options.store.lastEntry(id, ACTIONS);
    return entry === null || entry.action === 'benchmarks-removed'
      ? []
      : v.parse(Benchmarks, JSON.parse(String(entry.details['benchmarks'])));
  }

  async #log(
    subject: string,
    action: (typeof ACTIONS)[number],
    { actor, details }: { actor: Actor; details: Record<string, string | number> },
  ): Promise<void> {
    const at = new Date(this.#options.now()).toISOString();
    await this.#options.store.appendLog({ at, actor, action, subject, details });
  }
}

function checked(rows: unknown, questions: Parameters<typeof benchmarksFit>[0]['questions']): Benchmark[] {
  const parsed = v.safeParse(Benchmarks, rows);
  if (!parsed.success) {
    throw new ChoraleError('BENCHMARKS_INVALID', [...new Set(parsed.issues.map(issueText))].slice(0, 20).join('; '));
  }
  const mistaken = parsed.output.flatMap((one, i) => (benchmarksFit({ questions, benchmarks: [one] }) ? [] : [i + 1]));
  if (mistaken.length === 0) return parsed.output;
  throw new ChoraleError(
    'BENCHMARKS_INVALID',
    `row ${mistaken.slice(0, 20).join(', ')}: each needs a question of the study, one of its estimates, and a value that this can have`,
  );
}

/** Which row, from 1, and what of it breaks which rule. */
function issueText(issue: v.BaseIssue<unknown>): string {
  const [row, ...columns] = v.getDotPath(issue)?.split('.') ?? [];
  if (row === undefined) return issue.message;
  return [`row ${Number(row) + 1}`, ...columns].join(', ').concat(`: ${issue.message}`);
}
