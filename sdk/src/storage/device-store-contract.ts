import type {
  DeviceStore,
  MemoizedNoise,
  QuestionDraw,
  Receipt,
  SpendRecord,
  StoredReport,
  StoredUpdate,
} from './device-store.ts';

/**
 * What every device store must do, free of any test framework so that it runs inside a browser page.
 * `check` gets an empty store and throws when the rule is broken.
 */
export type DeviceStoreRule = { rule: string; check: (store: DeviceStore) => Promise<void> };

const draw: QuestionDraw = { study: 'pulse', manifest: 'sha256-a', questions: ['q2', 'q1'], secret: 'ab' };
const noise: MemoizedNoise = { letters: [2, 0, 1], rounding: [4_294_967_295, 0] };
const report: StoredReport = {
  study: 'pulse',
  manifest: 'sha256-a',
  text: '{"a":"é"}',
  answers: { q1: 4, q2: 'sales', q3: true, q4: null },
  sent: [
    {
      state: 'sent',
      question: 'q1',
      text: 'Happy?',
      raw: '4',
      input: '4 or more',
      sent: 'No answer',
      keepProbability: 0.5,
    },
    { state: 'not-drawn', question: 'q3', text: 'Well?', raw: 'Yes' },
  ],
  epsilon: 1.5,
  createdAt: '2026-11-02T09:00:00.000Z',
  state: { state: 'pending' },
};
const receipt: Receipt = {
  study: 'pulse',
  title: 'Pulse',
  manifest: 'sha256-a',
  reportHash: 'ff',
  epsilon: 1.5,
  sentAt: 'now',
};
const spend: SpendRecord = {
  study: 'pulse',
  title: 'Pulse',
  kind: 'report',
  reference: 'ff',
  privacyUnit: 'employee',
  neighboringRelation: 'replace-one',
  loss: { mechanism: 'ternary', epsilon: 0.75, informative: 0.4, steps: 2 },
  at: '2026-11-02T09:00:00.000Z',
};
const roundSpend: SpendRecord = {
  ...spend,
  kind: 'update',
  reference: '3 aa',
  loss: { mechanism: 'gaussian', noiseMultiplier: 4.25 },
};
const sampledSpend: SpendRecord = {
  ...roundSpend,
  reference: '4 bb',
  loss: { mechanism: 'subsampled-gaussian', noiseMultiplier: 0.75, samplingRate: 0.05, steps: 40 },
};
const update = (round: number, study = 'pulse'): StoredUpdate => ({
  study,
  round,
  kind: 'train',
  update: Uint8Array.of(0, 255, round),
});
const commit = { draw, report, memo: [['key', noise]] as [string, MemoizedNoise][], spend };

export const deviceStoreContract: readonly DeviceStoreRule[] = [
  {
    rule: 'an empty store has nothing of anything',
    check: async (store) => {
      const found = [
        await store.answers('pulse'),
        await store.draw('pulse'),
        await store.report('pulse'),
        await store.memo('key'),
        await store.receipt('pulse'),
        await store.update('pulse', 1),
        await store.records('pulse'),
      ];
      same(
        found,
        found.map(() => null),
      );
      same([await store.receipts(), await store.spends()], [[], []]);
    },
  },
  {
    rule: 'what was put comes back, study by study, and the last one counts',
    check: async (store) => {
      await store.putAnswers('pulse', { q1: 1 });
      await store.putAnswers('pulse', { q1: 2, q2: null });
      await store.putAnswers('other', { q1: false });
      await store.putRecords('pulse', { inputs: Float32Array.of(0.5, -1), rows: 1 });
      same([await store.answers('pulse'), await store.answers('other')], [{ q1: 2, q2: null }, { q1: false }]);
      same(await store.records('pulse'), { inputs: Float32Array.of(0.5, -1), rows: 1 });
    },
  },
  {
    rule: 'a study that was declined stays so, through an erasure too, until that is taken back',
    check: async (store) => {
      const declined = async () => [await store.declined('pulse'), await store.declined('other')];
      same(await declined(), [false, false]);
      await store.putDeclined('pulse', true);
      await store.erase('pulse');
      same(await declined(), [true, false]);
      await store.putDeclined('pulse', false);
      same(await declined(), [false, false]);
    },
  },
  {
    rule: 'a committed report leaves its draw, memoized noise and spend behind as well',
    check: async (store) => {
      await store.commitReport(commit);
      same([await store.draw('pulse'), await store.report('pulse'), await store.memo('key')], [draw, report, noise]);
      same(await store.spends(), [spend]);
    },
  },
  {
    rule: 'a commit that fails half-way keeps none of its parts',
    check: async (store) => {
      // A function can be stored nowhere: the failure comes after earlier parts were written.
      const broken = { ...spend, at: (() => '') as unknown as string };
      await rejects(store.commitReport({ ...commit, spend: broken }));
      await rejects(store.commitUpdate({ update: update(3), spends: [spend, broken] }));
      same([await store.draw('pulse'), await store.report('pulse'), await store.memo('key')], [null, null, null]);
      same([await store.update('pulse', 3), await store.spends()], [null, []]);
    },
  },
  {
    rule: 'the same thing is charged once, other units and things on their own',
    check: async (store) => {
      await store.commitUpdate({ update: update(4), spends: [sampledSpend] });
      same(await store.spends(), [sampledSpend]);
      const site: SpendRecord = { ...roundSpend, privacyUnit: 'site' };
      await store.commitReport(commit);
      await store.commitReport(commit);
      await store.commitUpdate({ update: update(3), spends: [roundSpend, site] });
      await store.commitUpdate({ update: update(3), spends: [{ ...roundSpend, reference: '3 bb' }] });
      same((await store.spends()).length, 5);
    },
  },
  {
    rule: 'a settled report has its new state and its receipt',
    check: async (store) => {
      const settled: StoredReport = { ...report, state: { state: 'acknowledged', at: 'then', duplicate: true } };
      await store.commitReport(commit);
      await store.settleReport({ report: settled, receipt });
      same(
        [await store.report('pulse'), await store.receipt('pulse'), await store.receipts()],
        [settled, receipt, [receipt]],
      );
    },
  },
  {
    rule: 'a receipt can be replaced on its own',
    check: async (store) => {
      await store.settleReport({ report, receipt: { ...receipt, withdrawal: 'possible' } });
      await store.putReceipt({ ...receipt, withdrawal: 'withdrawn' });
      same(await store.receipt('pulse'), { ...receipt, withdrawal: 'withdrawn' });
      same(await store.report('pulse'), report);
    },
  },
  {
    rule: 'updates are kept byte for byte and deleted up to a round of one study',
    check: async (store) => {
      for (const round of [1, 2, 10]) await store.commitUpdate({ update: update(round), spends: [roundSpend] });
      await store.commitUpdate({ update: update(1, 'other'), spends: [] });
      same(await store.update('pulse', 2), update(2));
      const lasting = { ...update(Number.MAX_SAFE_INTEGER), basis: 'manifest rows' };
      await store.commitUpdate({ update: lasting, spends: [] });
      await store.deleteUpdates('pulse', { throughRound: 2 });
      same([await store.update('pulse', 1), await store.update('pulse', 2)], [null, null]);
      same([await store.update('pulse', 10), await store.update('other', 1)], [update(10), update(1, 'other')]);
      same(await store.update('pulse', lasting.round), lasting);
      await store.deleteUpdates('pulse', { throughRound: Number.MAX_SAFE_INTEGER });
      same(await store.update('pulse', lasting.round), null);
    },
  },
  {
    rule: 'erasing forgets answers, report, rows and updates; draw, noise, spends and receipts stay, without the hash',
    check: async (store) => {
      await store.putAnswers('pulse', { q1: 1 });
      await store.putAnswers('other', { q1: 1 });
      await store.commitReport(commit);
      await store.settleReport({ report, receipt });
      await store.commitUpdate({ update: update(3), spends: [roundSpend] });
      await store.putRecords('pulse', [1]);
      await store.erase('pulse');
      const gone = [
        await store.answers('pulse'),
        await store.report('pulse'),
        await store.records('pulse'),
        await store.update('pulse', 3),
      ];
      same(gone, [null, null, null, null]);
      same(
        [await store.draw('pulse'), await store.memo('key'), await store.receipt('pulse')],
        [draw, noise, { ...receipt, reportHash: null }],
      );
      same([(await store.spends()).length, await store.answers('other')], [2, { q1: 1 }]);
    },
  },
  {
    rule: 'what is read is a copy',
    check: async (store) => {
      await store.commitReport(commit);
      const first = await store.report('pulse');
      first?.sent.splice(0);
      same(await store.report('pulse'), report);
    },
  },
];

/** Structural equality, typed arrays included; object keys in any order. */
function same(actual: unknown, expected: unknown): void {
  const [left, right] = [text(actual), text(expected)];
  if (left !== right) throw new Error(`expected ${right}, got ${left}`);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (ArrayBuffer.isView(part)) return { [part.constructor.name]: [...(part as Uint8Array)] };
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

async function rejects(promise: Promise<unknown>): Promise<void> {
  const failed = await promise.then(
    () => false,
    () => true,
  );
  if (!failed) throw new Error('expected a rejection');
}
