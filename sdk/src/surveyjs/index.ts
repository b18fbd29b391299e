export { answersFromSurveyJs, dataFromAnswers } from './answers-from-surveyjs.ts';
export { attachChorale, type AttachOptions } from './attach-chorale.ts';
export { manifestFromSurveyJs, type SurveyJsManifest, type SurveyJsStudy } from './manifest-from-surveyjs.ts';
export type { ScaleReport } from './mapped.ts';
export {
  type AnswerSource,
  type RawValue,
  type SurveyJsMapping,
  type Unmapped,
  type UnmappedReason,
  unmappedReasons,
} from './mapping.ts';
