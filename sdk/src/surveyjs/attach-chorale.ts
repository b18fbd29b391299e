import type { CompletingEvent, SurveyModel } from 'survey-core';
import type { ChoraleSurvey } from '../elements/chorale-survey.ts';
import type { Asking } from '../elements/own-questions.ts';
import { dataFromAnswers } from './answers-from-surveyjs.ts';
import { checkMapping } from './fits-study.ts';
import type { SurveyJsMapping } from './mapping.ts';
import { checkSurvey, letSkip, unmappedNames, visibleAnswers } from './survey-model.ts';

export type AttachOptions = {
  mapping: SurveyJsMapping;
  /** Told once, when somebody completes, under which names the data holds what is not sent; a warning on the console without it. */
  onUnmapped?: (names: readonly string[]) => void;
};

/**
 * Makes a SurveyJS survey the questions of a `<chorale-survey>`, whose slot `questions` it is rendered into: the element
 * asks for consent, keeps the mapped answers on this device, sends them randomized when the survey is completed, and shows
 * what was sent. Nothing else of the data is kept or sent. The survey itself never gets to its end, so that no handler of
 * `onComplete` gets the data; those of `onCompleting` that were added before may still forbid it at once. No question is
 * required any more: that one was skipped is protected as well.
 * @returns what undoes it.
 * @throws ManifestMismatchError where the survey lacks a question of the mapping; ChoraleError `MANIFEST_INVALID` where it
 *   would send answers by itself. The element reports a mapping that does not fit its study.
 */
export function attachChorale(model: SurveyModel, survey: ChoraleSurvey, options: AttachOptions): () => void {
  const { mapping, onUnmapped = warnOfUnmapped } = options;
  checkSurvey(model, mapping);
  letSkip(model);
  let asking: Asking | undefined;
  let restored = false;

  /** Hands over what is answered now, or why that cannot be. */
  const hand = (to: 'save' | 'send'): void => {
    const taker = asking;
    try {
      taker?.[to](visibleAnswers(model, mapping));
    } catch (error) {
      taker?.fail(error);
    }
  };
  const save = (): void => hand('save');
  const complete = (_: SurveyModel, completing: CompletingEvent): void => {
    const forbidden = !completing.allow || !completing.allowComplete;
    completing.allow = false;
    if (forbidden || asking === undefined) return;
    const names = unmappedNames(model, mapping);
    if (names.length > 0) onUnmapped(names);
    hand('send');
  };
  const forget = (): void => model.clear();

  model.onValueChanged.add(save);
  model.onCompleting.add(complete);
  survey.addEventListener('chorale:erased', forget);
  survey.questions = {
    check: (manifest) => checkMapping(mapping, manifest),
    ask: (now) => {
      // Later on, as after a failure, the survey has what was entered.
      const kept = restored ? {} : dataFromAnswers(now.answers, mapping);
      restored = true;
      if (Object.keys(kept).length > 0) model.mergeData(kept);
      asking = now;
    },
  };
  return () => {
    asking = undefined;
    survey.questions = undefined;
    survey.removeEventListener('chorale:erased', forget);
    model.onCompleting.remove(complete);
    model.onValueChanged.remove(save);
  };
}

function warnOfUnmapped(names: readonly string[]): void {
  console.warn(`attachChorale: answers to ${names.join(', ')} are not in the study and were not sent`);
}
