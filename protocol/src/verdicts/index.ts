export { questionVerdict } from './question-verdict.ts';
export { trainingVerdict } from './training-verdict.ts';
