import { secureRandom } from '@chorale/privacy';
import { ChoraleError, type ErrorCode, type Manifest } from '@chorale/protocol';
import { Ledger, type MemoryDeviceStore, Respondent, type Study, studyOf } from '@chorale/sdk/core';
import { inviteAll } from './coordinator-requests.ts';
import type { Employee } from './employee.ts';
import { ReportSockets } from './report-sockets.ts';

export type Progress = { done: number; total: number; seconds: number };

/** What came of one study's crowd. */
export type Answered = {
  study: string;
  title: string;
  employees: number;
  acknowledged: number;
  /** Refusals by code, the device's own included. */
  refused: Partial<Record<ErrorCode, number>>;
  seconds: number;
  perSecond: number;
};

/** Who answers. */
export type People = {
  count: number;
  /** By a number below `count`; each is asked for once. */
  person: (index: number) => Employee;
  /** What the person's browser remembers. */
  device: (person: Employee) => MemoryDeviceStore;
};

const invitationsAtOnce = 250;
const batchesAtOnce = 3;
const socketCount = 6;

/**
 * Lets people answer a study, each as a browser would: an invitation, a device of their own with its ledger, the
 * SDK's randomization, one report that is acknowledged.
 * @throws ChoraleError `CONNECTION_LOST`.
 */
export async function answerStudy(
  manifest: Manifest,
  {
    server,
    people: { count, person, device },
    onProgress,
  }: { server: string; people: People; onProgress?: ((progress: Progress) => void) | undefined },
): Promise<Answered> {
  const study = await studyOf(manifest);
  const sockets = await ReportSockets.connect(server, socketCount);

  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const refused: Answered['refused'] = {};
  let acknowledged = 0;
  let done = 0;
  const answerOne = async (who: Employee, token: string): Promise<void> => {
    try {
      await answer(who, token, { study, sockets, store: device(who) });
      acknowledged += 1;
    } catch (error) {
      if (!(error instanceof ChoraleError) || error.code === 'CONNECTION_LOST') throw error;
      refused[error.code] = (refused[error.code] ?? 0) + 1;
    }
    done += 1;
    onProgress?.({ done, total: count, seconds: elapsed() });
  };

  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const first = next;
      next = Math.min(count, first + invitationsAtOnce);
      const batch = Array.from({ length: next - first }, (_, i) => person(first + i));
      const tokens = await inviteAll(server, manifest.id, batch);
      await Promise.all(batch.map((who, i) => answerOne(who, tokens[i]!)));
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
    employees: count,
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
  { study, sockets, store }: { study: Study; sockets: ReportSockets; store: MemoryDeviceStore },
): Promise<void> {
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
