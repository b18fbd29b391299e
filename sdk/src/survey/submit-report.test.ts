import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { seededRandom } from '@chorale/privacy/testing';
import { onTestFinished, describe, expect, test } from 'vitest';
import { ReportSender } from '../connection/report-sender.ts';
import { InProcessLock } from '../device-lock.ts';
import { Ledger } from '../ledger.ts';
import { alwaysActive } from '../page-lifecycle.ts';
import { MemoryDeviceStore } from '../storage/memory-store.ts';
import { studyOf } from '../study.ts';
import { pulseAnswers, pulseManifest } from '../testing/pulse-study.ts';
import { REPORT_LIFETIME_MS, Respondent } from './respondent.ts';
import { deliverReport, isUnsent, submitReport, type SubmitOptions } from './submit-report.ts';

/** A device whose coordinator answers on a real port with what `status` and `state` say at the time. */
async function device() {
  const coordinator = { status: 503, state: 'open', bodies: [] as string[] };
  const server = createServer((request, response) => {
    if (request.url!.endsWith('/state')) {
      response.writeHead(coordinator.state === '' ? 404 : 200).end(JSON.stringify({ state: coordinator.state }));
      return;
    }
    void text(request).then((body) => {
      coordinator.bodies.push(body);
      const answer = { duplicate: false, receivedAt: '', code: 'UNAVAILABLE' };
      response.writeHead(coordinator.status).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const clock = { now: new Date('2026-11-02T09:00:00Z') };
  const study = await studyOf(pulseManifest({ epsilon: 5 }));
  const store = new MemoryDeviceStore();
  const random = seededRandom(1);
  const respondent = new Respondent({ study, store, ledger: new Ledger({ store }), random, now: () => clock.now });
  const sender = new ReportSender({
    coordinator: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    study: study.manifest.id,
    token: 'token',
    random,
    backoff: { firstMs: 1, longestMs: 1 },
  });
  const options: SubmitOptions = {
    respondent,
    sender,
    lock: new InProcessLock(),
    lifecycle: alwaysActive,
    signal: new AbortController().signal,
  };
  return { coordinator, clock, store, respondent, options };
}

describe('a report that waits for its coordinator', () => {
  test('[S7] is sent byte for byte until its time is over, and from then on never, charged all the same', async () => {
    const { coordinator, clock, store, respondent, options } = await device();
    let attempts = 0;
    const onRetry = (): void => {
      attempts += 1;
      const late = attempts === 4 ? 1 : 0;
      clock.now = new Date(Date.parse('2026-11-02T09:00:00Z') + REPORT_LIFETIME_MS + late);
    };
    const expired = { name: 'ChoraleError', code: 'REPORT_EXPIRED' };
    await expect(submitReport(pulseAnswers, { ...options, onRetry })).rejects.toMatchObject(expired);
    expect([attempts, coordinator.bodies.length, new Set(coordinator.bodies).size]).toEqual([4, 4, 1]);
    expect(isUnsent((await respondent.report())!)).toBe(false);

    coordinator.status = 200;
    await expect(deliverReport(options)).rejects.toMatchObject(expired);
    expect(coordinator.bodies).toHaveLength(4);
    expect(await store.spends()).toHaveLength(1);
  });

  test('[S7] is acknowledged once the coordinator is back', async () => {
    const { coordinator, store, options } = await device();
    const onRetry = (): void => {
      coordinator.status = 200;
    };
    const receipt = await submitReport(pulseAnswers, { ...options, onRetry });
    expect(await store.receipt('pulse')).toEqual(receipt);
    expect(new Set(coordinator.bodies).size).toBe(1);
  });
});

describe('a study that is closed', () => {
  test('[O4] makes no report where the device can learn of it first: nothing is drawn, charged or sent', async () => {
    const { coordinator, store, respondent, options } = await device();
    coordinator.state = 'closed';
    coordinator.status = 200;
    await expect(submitReport(pulseAnswers, options)).rejects.toMatchObject({ code: 'STUDY_CLOSED' });
    expect([await respondent.report(), await store.draw('pulse'), await store.spends()]).toEqual([null, null, []]);
    expect(coordinator.bodies).toEqual([]);
  });

  test('[O4] [S7] still gets the report that was made before: those bytes are charged already', async () => {
    const { coordinator, store, respondent, options } = await device();
    const report = await respondent.prepareReport(pulseAnswers);
    coordinator.state = 'closed';
    coordinator.status = 200;
    await submitReport(pulseAnswers, options);
    expect(coordinator.bodies).toHaveLength(1);
    expect(JSON.parse(coordinator.bodies[0]!)).toMatchObject({ report: report.text });
    expect(await store.spends()).toHaveLength(1);
  });

  test.each(['', 'open'])('a coordinator that answers %j to it is believed to take reports', async (state) => {
    const { coordinator, options } = await device();
    coordinator.state = state;
    coordinator.status = 200;
    await submitReport(pulseAnswers, options);
    expect(coordinator.bodies).toHaveLength(1);
  });
});
