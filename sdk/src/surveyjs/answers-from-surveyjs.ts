import { type Answer, type Answers, ChoraleError } from '@chorale/protocol';
import { type AnswerSource, isRaw, type RawValue, type SurveyJsMapping } from './mapping.ts';

/**
 * The study's answers in a survey's data (`model.data`); what is missing there is `null`, "no answer". No error says what
 * somebody answered.
 * @throws ChoraleError `ANSWER_INVALID` for data that is no object, or an answer that the mapping does not know.
 */
export function answersFromSurveyJs(data: unknown, mapping: SurveyJsMapping): Record<string, Answer> {
  if (!isRecord(data)) throw new ChoraleError('ANSWER_INVALID', 'the data of a survey must be an object');
  return Object.fromEntries(
    Object.entries(mapping.questions).map(([id, source]) => [id, answerOf(valueAt(data, source), source)]),
  );
}

/** Data that these answers were read from, to show them in a survey again; what was not answered is missing. */
export function dataFromAnswers(answers: Answers, mapping: SurveyJsMapping): Record<string, unknown> {
  const data = new Map<string, unknown>();
  for (const [id, source] of Object.entries(mapping.questions)) {
    const answer = answers[id] ?? null;
    if (answer === null) continue;
    const { key, row } = source;
    if (source.kind === 'item') {
      const items = (data.get(key) as RawValue[] | undefined) ?? [];
      data.set(key, answer === true ? [...items, source.item] : items);
      continue;
    }
    const value = source.kind === 'number' ? answer : source.answers.find(([, stands]) => stands === answer)?.[0];
    if (value === undefined) continue;
    data.set(key, row === undefined ? value : withRow(data.get(key), row, value));
  }
  return Object.fromEntries(data);
}

function answerOf(value: unknown, source: AnswerSource): Answer {
  if (value === undefined || value === null || value === '') return null;
  switch (source.kind) {
    case 'number': {
      const amount = typeof value === 'string' ? Number(value) : value;
      if (typeof amount !== 'number' || !Number.isFinite(amount)) throw unfit(source, 'a number');
      return amount;
    }
    case 'listed': {
      const known = source.answers.find(([raw]) => sameValue(raw, value));
      if (known !== undefined) return known[1];
      if (source.other === undefined) throw unfit(source, 'one of its choices');
      return source.other;
    }
    case 'item':
      if (!Array.isArray(value)) throw unfit(source, 'a list');
      if (source.refused !== undefined && names(value, source.refused)) return null;
      return names(value, source.item);
  }
}

function names(items: readonly unknown[], item: RawValue): boolean {
  return items.some((one) => sameValue(item, one));
}

/** SurveyJS takes 1 and "1" for the same choice. */
function sameValue(known: RawValue, value: unknown): boolean {
  return isRaw(value) && String(known) === String(value);
}

function valueAt(data: Record<string, unknown>, { key, row }: AnswerSource): unknown {
  const value = Object.hasOwn(data, key) ? data[key] : undefined;
  if (row === undefined) return value;
  return isRecord(value) && Object.hasOwn(value, row) ? value[row] : undefined;
}

function withRow(rows: unknown, row: string, value: unknown): Record<string, unknown> {
  return Object.fromEntries([...Object.entries(isRecord(rows) ? rows : {}), [row, value]]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unfit({ question }: AnswerSource, wanted: string): ChoraleError {
  return new ChoraleError('ANSWER_INVALID', `the answer to ${question} is not ${wanted}`);
}
