import { secureRandom } from '@chorale/privacy';
import { ChoraleError, type ErrorCode, parseManifest } from '@chorale/protocol';
import { Ledger, MemoryDeviceStore, Respondent, type Study, studyOf } from '@chorale/sdk/core';
import { type Employee, employees } from './employee.ts';
import { ReportSockets } from './report-sockets.ts';

export type CrowdOptions = {
  /** The coordinator's origin, such as `http://localhost:8787`. */
  server: string;
  study: string;
  /** How many answer, at least 1. */
  employees: number;
  /** Of the employees' opinions; their noise is always the platform's. */
  seed: number;
  /** Part of every name: a crowd of the same name is the same people, whose second reports are refused. */
  crowd: string;
  onProgress?: (progress: { done: number; total: number; seconds: number }) => void;
};

export type CrowdSummary = {
  study: string;
  title: string;
  employees: number;
  seed: number;
  acknowledged: number;
  /** Refusals by code. */
  refused: Partial<Record<ErrorCode, number>>;
  seconds: number;
  perSecond: number;
};

const invitationsAtOnce = 250;
const batchesAtOnce = 3;
const socketCount = 6;

/**
 * Lets simulated employees answer a study, each as a browser would: an invitation, a device of their own
 * with its ledger, the SDK's randomization, one report that is acknowledged.
 * @throws ChoraleError `STUDY_UNKNOWN`, `MANIFEST_INVALID` or `CONNECTION_LOST`.
 * @throws TypeError for a study that is not simulated or asks nothing: made-up answers would spoil it.
 */
export async function runCrowd(options: CrowdOptions): Promise<CrowdSummary> {
  const { server, employees: total, seed, crowd, onProgress } = options;
  const manifest = parseManifest(
    await requestJson(new URL(`/api/v1/studies/${encodeURIComponent(options.study)}`, server)),
  );
  if (!manifest.simulated)
    throw new TypeError(`study ${manifest.id} is not simulated: its answers must come from people`);
  if (manifest.survey === undefined) throw new TypeError(`study ${manifest.id} asks no questions`);
  const study = await studyOf(manifest);
  const employee = employees(manifest, { seed, crowd });
  const sockets = await ReportSockets.connect(server, socketCount);

  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const refused: CrowdSummary['refused'] = {};
  let acknowledged = 0;
  let done = 0;
  const answerOne = async (person: Employee, token: string): Promise<void> => {
    try {
      await answer(person, token, { study, sockets });
      acknowledged += 1;
    } catch (error) {
      if (!(error instanceof ChoraleError) || error.code === 'CONNECTION_LOST') throw error;
      refused[error.code] = (refused[error.code] ?? 0) + 1;
    }
    done += 1;
    onProgress?.({ done, total, seconds: elapsed() });
  };

  let next = 0;
  const work = async (): Promise<void> => {
    while (next < total) {
      const first = next;
      next = Math.min(total, first + invitationsAtOnce);
      const people = Array.from({ length: next - first }, (_, i) => employee(first + i));
      const tokens = await inviteAll(server, manifest.id, people);
      await Promise.all(people.map((person, i) => answerOne(person, tokens[i]!)));
    }
  };
  try {
    await Promise.all(Array.from({ length: batchesAtOnce }, work));
  } finally {
    sockets.close();
  }
  const seconds = elapsed();
  return {
    study: manifest.id,
    title: manifest.title,
    employees: total,
    seed,
    acknowledged,
    refused,
    seconds,
    perSecond: done / seconds,
  };
}

/** One employee's device, from opening the invitation to the acknowledged report. */
async function answer(
  { answers }: Employee,
  token: string,
  { study, sockets }: { study: Study; sockets: ReportSockets },
): Promise<void> {
  const store = new MemoryDeviceStore();
  const respondent = new Respondent({
    study,
    store,
    ledger: new Ledger({ store }),
    random: secureRandom(),
    now: () => new Date(),
  });
  await respondent.saveAnswers(answers);
  const report = await respondent.prepareReport(answers);
  const { duplicate } = await sockets.send({ token, report: report.text });
  await respondent.acknowledge(report, { duplicate });
}

async function inviteAll(server: string, study: string, people: readonly Employee[]): Promise<string[]> {
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
