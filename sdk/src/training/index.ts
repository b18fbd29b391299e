// The parts of training without worker and network: for pages that show rows, tests and benchmarks.
export { normalizeName } from './cells.ts';
export { CsvError, type CsvProblem } from './csv-error.ts';
export { type CsvOptions, readCsv } from './csv.ts';
export type { Batch, TrainingEngine } from './engines/engine.ts';
export { TypedArrayEngine } from './engines/typed-array-engine.ts';
export { evaluationHistogram } from './evaluation.ts';
export { type ColumnMapping, type EncodedRecords, encodeTable } from './features.ts';
export { heldBackRows, splitRecords } from './holdout.ts';
export { localRound } from './local-round.ts';
export type { RecordsWarning } from './records-warning.ts';
export { taskNetwork } from './task-network.ts';
export { type Table, tableFromRecords } from './table.ts';
