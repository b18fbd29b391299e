import * as v from 'valibot';
import { cappedBody } from '../connection/capped-body.ts';
import { lazyPart } from '../lazy-part.ts';
import { type Message, type Messages, Words } from './words.ts';

/** Longest file of messages that is read, in bytes. */
const MESSAGES_BYTES = 128 * 1024;

const Text = v.pipe(v.string(), v.maxLength(2000));
const form = v.optional(Text);
const Catalogue = v.record(
  v.string(),
  v.union([Text, v.strictObject({ zero: form, one: form, two: form, few: form, many: form, other: Text })]),
);

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
  const translated =
    url === undefined ? undefined : await fetchCatalogue(url).catch((error: unknown) => warn(url, String(error)));
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

/** @throws Error when it cannot be read, or is no catalogue. */
async function fetchCatalogue(url: URL): Promise<Record<string, Message>> {
  const response = await fetch(url, { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const body = await cappedBody(response, { limitBytes: MESSAGES_BYTES });
  if (body === null) throw new Error(`longer than ${MESSAGES_BYTES} bytes`);
  const result = v.safeParse(Catalogue, JSON.parse(new TextDecoder().decode(body)), { abortEarly: true });
  if (result.success) return result.output;
  throw new Error(`${v.getDotPath(result.issues[0]) ?? 'it'}: ${result.issues[0].message}`);
}

function warn(url: URL, problem: string): undefined {
  if (reported.has(url.href)) return;
  reported.add(url.href);
  console.warn(`chorale-survey: messages of ${url.href}: ${problem}`);
}
