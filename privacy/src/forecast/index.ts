export type { Plan, PlanOptions, Question, QuestionReport } from './forecast.ts';
export { planQuestion } from './forecast.ts';
export type { TrainingMechanism, TrainingMode, TrainingPlan, TrainingPlanOptions } from './forecast-training.ts';
export { planTraining } from './forecast-training.ts';
