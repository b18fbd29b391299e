import { type ErrorCode, TrainingTask } from '@chorale/protocol';
import * as v from 'valibot';

const Id = v.pipe(v.number(), v.integer(), v.minValue(1));
// `v.instance` would name the kind of buffer behind them, which no caller cares about.
const Floats = v.custom<Float32Array>((value) => value instanceof Float32Array);
const Labels = v.custom<Uint8Array | Float32Array>(
  (value) => value instanceof Uint8Array || value instanceof Float32Array,
);
const Employees = v.custom<Uint32Array>((value) => value instanceof Uint32Array);
const Optional = v.picklist(['webgpu', 'webgl', 'wasm']);

/** Page to training worker. `start` comes first and once; those with an `id` are answered under it. */
export const WorkerRequest = v.variant('type', [
  v.strictObject({
    type: v.literal('start'),
    task: TrainingTask,
    records: v.object({ inputs: Floats, labels: Labels, employees: v.optional(Employees), rows: v.number() }),
    noiseless: v.boolean(),
    preferredEngine: v.optional(v.picklist(['typed-arrays', ...Optional.options])),
    candidates: v.optional(v.array(Optional)),
    reasonToSave: v.optional(v.string()),
    /** Held as long as the worker lives: its release tells the page that the worker is gone. */
    lock: v.string(),
  }),
  v.strictObject({
    type: v.literal('train'),
    id: Id,
    parameters: Floats,
    modelRound: v.number(),
    clippingNorm: v.optional(v.number()),
  }),
  /** What was trained last was charged. */
  v.strictObject({ type: v.literal('keep') }),
  v.strictObject({ type: v.literal('evaluate'), id: Id, parameters: Floats }),
  v.strictObject({ type: v.literal('cancel'), id: Id }),
]);
export type WorkerRequest = v.InferOutput<typeof WorkerRequest>;

const Engine = v.strictObject({
  name: v.picklist(['typed-arrays', 'webgpu', 'webgl', 'wasm', 'cpu']),
  reason: v.string(),
});
const Rows = v.strictObject({ training: v.number(), heldBack: v.number() });

/** Training worker to page. Nothing here depends on a record's content, but for `done`, which is noised. */
export const WorkerReply = v.variant('type', [
  /** The lock is held from here on. */
  v.strictObject({ type: v.literal('alive') }),
  v.strictObject({ type: v.literal('started'), engine: Engine, rows: Rows }),
  /** The engine failed, and another took over. */
  v.strictObject({ type: v.literal('engine'), engine: Engine }),
  v.strictObject({ type: v.literal('progress'), id: Id, step: v.number(), steps: v.number() }),
  v.strictObject({ type: v.literal('done'), id: Id, integers: v.instance(Int32Array) }),
  /** `id` is null when the worker could not start. */
  v.strictObject({
    type: v.literal('failed'),
    id: v.nullable(Id),
    code: v.custom<ErrorCode>((code) => typeof code === 'string'),
    message: v.string(),
  }),
]);
export type WorkerReply = v.InferOutput<typeof WorkerReply>;
