import { lazyPart } from '../lazy-part.ts';
import { type Messages, Words } from './words.ts';

/** Languages that come with the SDK, each fetched when it is asked for. */
const builtIn: Readonly<Record<string, () => Promise<{ default: Messages }>>> = {
  ar: () => import('./messages/ar.json'),
  de: () => import('./messages/de.json'),
  en: () => import('./messages/en.json'),
  es: () => import('./messages/es.json'),
  fr: () => import('./messages/fr.json'),
};

/** Addresses that were complained about: once is enough, however many elements there are. */
const reported = new Set<string>();

/**
 * The element's texts in a language: its own, or those of a JSON file with as many of its keys as somebody translated.
 * What is missing there is taken from the nearest language that the SDK has, English at last, and reported once.
 * @param locale a BCP 47 tag; one that cannot be read counts as English.
 * @param url of the file; it must allow this page to read it (CORS) where it comes from another origin.
 * @throws ChoraleError `CONNECTION_LOST` when a language of the SDK cannot be fetched.
 */
export async function loadWords(locale: string, url?: URL): Promise<Words> {
  const tag = languageTag(locale);
  const language = tag.split('-', 1)[0]!;
  const known = language in builtIn;
  const { default: own } = await lazyPart(builtIn[known ? language : 'en']!());
  const translated = url === undefined ? undefined : await ownMessages(url);
  if (url === undefined || translated === undefined) return new Words(known ? tag : 'en', own);
  const missing = Object.keys(own).filter((key) => !(key in translated));
  if (missing.length > 0) warn(url, `no text for ${missing.join(', ')}`);
  return new Words(tag, { ...own, ...translated });
}

function languageTag(locale: string): string {
  try {
    return new Intl.Locale(locale).toString();
  } catch {
    return 'en';
  }
}

/** `undefined`, and a complaint, where they cannot be had: the survey opens all the same. */
async function ownMessages(url: URL): Promise<Partial<Messages> | undefined> {
  try {
    const { fetchMessages } = await import('./own-messages.ts');
    return await fetchMessages(url);
  } catch (error) {
    return warn(url, String(error));
  }
}

function warn(url: URL, problem: string): undefined {
  if (reported.has(url.href)) return;
  reported.add(url.href);
  console.warn(`chorale-survey: messages of ${url.href}: ${problem}`);
}
