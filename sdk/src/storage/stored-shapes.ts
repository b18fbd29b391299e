import { ChoraleError, type ErrorCode } from '@chorale/protocol';
import * as v from 'valibot';

// Records come back from a disk that an older version, another program or a fault may have written.

const Epsilon = v.pipe(v.number(), v.finite(), v.minValue(0));
const Index = v.pipe(v.number(), v.integer(), v.minValue(0));
const Word = v.pipe(Index, v.maxValue(2 ** 32 - 1));
const Round = v.pipe(v.number(), v.integer(), v.minValue(1));
const Code = v.custom<ErrorCode>((code) => typeof code === 'string');

export const StoredAnswers = v.record(v.string(), v.nullable(v.union([v.number(), v.string(), v.boolean()])));

export const StoredReceipt = v.object({
  study: v.string(),
  title: v.string(),
  manifest: v.string(),
  reportHash: v.nullable(v.string()),
  epsilon: Epsilon,
  sentAt: v.string(),
  withdrawal: v.optional(v.picklist(['possible', 'withdrawn', 'released'])),
});

const SentAnswerShape = v.variant('state', [
  v.object({
    state: v.literal('sent'),
    question: v.string(),
    text: v.string(),
    raw: v.string(),
    input: v.string(),
    sent: v.string(),
    keepProbability: v.nullable(v.number()),
    named: v.optional(v.number()),
    channelInput: v.optional(Index),
    letter: v.optional(Index),
  }),
  v.object({ state: v.literal('not-drawn'), question: v.string(), text: v.string(), raw: v.string() }),
]);

export const StoredReportShape = v.object({
  study: v.string(),
  manifest: v.string(),
  text: v.string(),
  answers: StoredAnswers,
  sent: v.array(SentAnswerShape),
  epsilon: Epsilon,
  createdAt: v.string(),
  state: v.variant('state', [
    v.object({ state: v.literal('pending') }),
    v.object({ state: v.literal('acknowledged'), at: v.string(), duplicate: v.boolean() }),
    v.object({ state: v.literal('refused'), at: v.string(), code: Code, message: v.string() }),
  ]),
});

export const StoredDraw = v.object({
  study: v.string(),
  manifest: v.string(),
  questions: v.array(v.string()),
  secret: v.optional(v.string()),
});

export const StoredNoise = v.object({ letters: v.array(Index), rounding: v.tuple([Word, Word]) });

export const StoredUpdateShape = v.object({
  study: v.string(),
  round: Round,
  kind: v.picklist(['train', 'evaluate']),
  update: v.instance(Uint8Array),
  basis: v.optional(v.string()),
});

export const StoredSpend = v.object({
  study: v.string(),
  title: v.string(),
  kind: v.picklist(['report', 'update', 'evaluation']),
  reference: v.string(),
  privacyUnit: v.picklist(['employee', 'site']),
  neighboringRelation: v.literal('replace-one'),
  rows: v.optional(v.object({ records: v.string(), part: v.picklist(['training', 'held-back']) })),
  loss: v.variant('mechanism', [
    v.object({ mechanism: v.literal('pure'), epsilon: Epsilon }),
    v.object({
      mechanism: v.literal('ternary'),
      epsilon: v.pipe(Epsilon, v.gtValue(0)),
      informative: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
      steps: Round,
    }),
    v.object({ mechanism: v.literal('gaussian'), noiseMultiplier: v.pipe(v.number(), v.finite(), v.gtValue(0)) }),
    v.object({
      mechanism: v.literal('subsampled-gaussian'),
      noiseMultiplier: v.pipe(v.number(), v.finite(), v.gtValue(0)),
      samplingRate: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
      steps: Round,
    }),
    v.object({ mechanism: v.literal('zcdp'), rho: Epsilon }),
  ]),
  at: v.string(),
});

export const StoredSealed = v.object({ iv: v.instance(Uint8Array), data: v.instance(ArrayBuffer) });

/**
 * A stored record, or `null` where there is none.
 * @throws ChoraleError `STORAGE_UNAVAILABLE` when it is not what was stored: a ledger that cannot be
 *   read must stop the device, not look empty.
 */
export function parseStored<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> | null {
  if (value === undefined) return null;
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  throw new ChoraleError('STORAGE_UNAVAILABLE', `storage: a record is damaged (${result.issues[0].message})`);
}
