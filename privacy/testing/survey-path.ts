/** What a survey page needs to randomize answers; its bundle is what the size limit measures. */
export { chooseChannel, numericMean, questionSampling, sampleWithoutReplacement, secureRandom } from '../src/index.ts';
