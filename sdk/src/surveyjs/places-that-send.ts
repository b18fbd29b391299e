/** Properties whose text is an address, whatever it looks like. */
const addresses: ReadonlySet<string> = new Set([
  'url',
  'imageLink',
  'backgroundImage',
  'logo',
  'poster',
  'src',
  'href',
]);
/** Properties that send or fetch the survey as a whole. */
const services: ReadonlySet<string> = new Set(['surveyPostId', 'surveyId']);
/** An address with an answer in it, as SurveyJS puts it into texts: `https://example.org/?mood={mood}`. */
const answerInAddress = /\/\/[^\s"'<>]*\{|(?:src|href|action|srcset|data)\s*=\s*["']?[^\s"'<>]*\{|url\([^)]*\{/i;

/**
 * Paths within a SurveyJS definition that would send answers: services of SurveyJS, and addresses that hold an answer.
 * Whatever a page's own code sends cannot be seen here.
 */
export function placesThatSend(definition: unknown, path = 'survey'): string[] {
  if (typeof definition !== 'object' || definition === null) return [];
  return Object.entries(definition).flatMap(([key, value]) => {
    const here = Array.isArray(definition) ? `${path}[${key}]` : `${path}.${key}`;
    if (services.has(key)) return value === '' ? [] : [here];
    if (typeof value !== 'string') return placesThatSend(value, here);
    const sends = answerInAddress.test(value) || (addresses.has(key) && value.includes('{'));
    return sends ? [here] : [];
  });
}
