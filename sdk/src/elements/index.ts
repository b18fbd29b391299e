import { ChoraleSurvey } from './chorale-survey.ts';

export { ChoraleSurvey } from './chorale-survey.ts';
export type { Asking, OwnQuestions } from './own-questions.ts';
export type { SurveyEvents } from './survey-events.ts';

// Two copies of the SDK may meet on one page: the first one's element stays.
if (customElements.get('chorale-survey') === undefined) customElements.define('chorale-survey', ChoraleSurvey);
