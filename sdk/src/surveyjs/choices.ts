import { limits } from '@chorale/protocol';
import type { QuestionBooleanModel, QuestionSelectBase } from 'survey-core';
import { Identifiers } from './identifiers.ts';
import { choicesOf, type NamedValue } from './items.ts';
import { type MapOptions, type Outcome, textOf } from './mapped.ts';
import type { RawValue } from './mapping.ts';

/** One choice among options. */
export function choiceOf(question: QuestionSelectBase, { fetched }: MapOptions): Outcome {
  if (fetched || comesFromElsewhere(question)) return 'options-from-elsewhere';
  const choices = choicesOf(question);
  if (choices === null) return 'options-unfit';
  const refused: [RawValue, null][] = question.showRefuseItem ? [[question.refuseItem.value as RawValue, null]] : [];
  const other = question.showOtherItem ? (question.otherItem.value as RawValue) : undefined;
  return listed({ text: textOf(question), items: choices, refused, other });
}

function comesFromElsewhere(question: QuestionSelectBase): boolean {
  return Boolean(question.choicesLazyLoadEnabled || question.choicesFromQuestion || question.allowCustomChoices);
}

/** Several choices: one yes/no question an item, where that was asked for. */
export function itemsOf(question: QuestionSelectBase, { itemByItem, fetched }: MapOptions): Outcome {
  if (!itemByItem) return 'several-choices';
  if (fetched || comesFromElsewhere(question)) return 'options-from-elsewhere';
  const items = choicesOf(question)?.filter(({ value }) => value !== question.noneItem.value);
  if (items === undefined || items.length === 0 || items.length > limits.options) return 'options-unfit';
  const refused = question.showRefuseItem ? { refused: question.refuseItem.value as RawValue } : {};
  return items.map(({ value, text }) => ({
    question: { type: 'yesno', text: `${textOf(question)}: ${text}`, report: 'favourable' },
    source: { kind: 'item', item: value, ...refused },
    part: String(value),
  }));
}

/** Yes or no; where the two answers have names of their own, these are what the study asks for. */
export function yesNoOf(question: QuestionBooleanModel): Outcome {
  const yes: RawValue = question.getValueTrue() as RawValue;
  const no: RawValue = question.getValueFalse() as RawValue;
  const text = textOf(question);
  if (!question.locLabelTrue.isEmpty || !question.locLabelFalse.isEmpty) {
    const items = [
      { value: yes, text: question.labelTrue },
      { value: no, text: question.labelFalse },
    ];
    return listed({ text, items });
  }
  return [
    {
      question: { type: 'yesno', text, report: 'favourable' },
      source: {
        kind: 'listed',
        answers: [
          [yes, true],
          [no, false],
        ],
      },
    },
  ];
}

/** A choice among what is listed, refusals apart; `other` stands for whatever is not. */
export function listed({
  text,
  items,
  refused = [],
  other,
}: {
  text: string;
  items: NamedValue[];
  refused?: [RawValue, null][];
  other?: RawValue | undefined;
}): Outcome {
  if (items.length < 2 || items.length > limits.options) return 'options-unfit';
  const ids = new Identifiers();
  const options = items.map(({ value, text: label }) => ({ value, id: ids.give(String(value)), label }));
  const otherId = options.find(({ value }) => value === other)?.id;
  const answers = options.map(({ value, id }): [RawValue, string] => [value, id]);
  return [
    {
      question: {
        type: 'choice',
        text,
        options: options.map(({ id, label }) => ({ id, label })),
        report: 'distribution',
      },
      source: {
        kind: 'listed',
        answers: [...answers, ...refused],
        ...(otherId === undefined ? {} : { other: otherId }),
      },
    },
  ];
}
