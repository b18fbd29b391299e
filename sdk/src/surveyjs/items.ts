import type { ItemValue, QuestionSelectBase } from 'survey-core';
import { isRaw, type RawValue } from './mapping.ts';

/** Something to choose, with the text that stands for it. */
export type NamedValue = { value: RawValue; text: string };

/** Choices, columns or rows with their texts; `null` where a value is no text, number, yes or no. */
export function namedValues(items: readonly ItemValue[]): NamedValue[] | null {
  const named = new Map<string, NamedValue>();
  for (const { value, text } of items as readonly { value: unknown; text: string }[]) {
    if (!isRaw(value)) return null;
    // SurveyJS takes 1 and "1" for the same choice.
    if (!named.has(String(value))) named.set(String(value), { value, text: text.trim() || String(value) });
  }
  return [...named.values()];
}

/** All that can be chosen, except for refusing to answer; whatever is invisible at first is among it. */
export function choicesOf(question: QuestionSelectBase): NamedValue[] | null {
  // A dropdown may count its choices out; then it has no list.
  const listed = question.choices.length > 0 ? question.choices : question.visibleChoices;
  const special = new Set<ItemValue>([
    question.noneItem,
    question.dontKnowItem,
    question.refuseItem,
    question.otherItem,
  ]);
  const shown = [
    ...(question.showNoneItem ? [question.noneItem] : []),
    ...(question.showDontKnowItem ? [question.dontKnowItem] : []),
    ...(question.showOtherItem ? [question.otherItem] : []),
  ];
  return namedValues([...listed.filter((item: ItemValue) => !special.has(item)), ...shown]);
}

/** Whether the values are whole numbers that follow one another: points of a scale. */
export function areScalePoints(items: readonly NamedValue[]): boolean {
  const first = Number(items[0]?.value);
  return (
    items.length > 1 &&
    Number.isInteger(first) &&
    items.every(({ value }, i) => typeof value !== 'boolean' && value !== '' && Number(value) === first + i)
  );
}
