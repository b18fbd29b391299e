import { createComponent, type EventName } from '@lit/react';
import * as React from 'react';
import { ChoraleSurvey as SurveyElement, type SurveyEvents } from '../elements/index.ts';

export type { SurveyEvents } from '../elements/index.ts';

function named<K extends keyof SurveyEvents>(type: K): EventName<SurveyEvents[K]> {
  return type as EventName<SurveyEvents[K]>;
}

/**
 * `<chorale-survey>` as a component: the element's properties are its props, its events have handlers, and `ref` gives the
 * element. `group-…` stays an attribute, as in HTML.
 */
export const ChoraleSurvey = createComponent({
  tagName: 'chorale-survey',
  elementClass: SurveyElement,
  react: React,
  displayName: 'ChoraleSurvey',
  events: {
    onReady: named('chorale:ready'),
    onAnswered: named('chorale:answered'),
    onSent: named('chorale:sent'),
    onWithdrawn: named('chorale:withdrawn'),
    onErased: named('chorale:erased'),
    onError: named('chorale:error'),
  },
});
