import { Identifier, limits } from '@chorale/protocol';
import * as v from 'valibot';

const WholeNumber = v.pipe(v.string(), v.regex(/^\d{1,9}$/, 'must be a whole number'), v.transform(Number));

export const StudyParams = v.object({ id: Identifier });
export const RoundParams = v.object({ ...StudyParams.entries, round: WholeNumber });
export const ModelParams = v.object({
  ...StudyParams.entries,
  modelRound: v.pipe(WholeNumber, v.maxValue(limits.rounds)),
});
