import { type Manifest, manifestHash, surveyChannels, type SurveyChannels } from '@chorale/protocol';

/** A manifest with everything that follows from it. */
export type Study = {
  manifest: Manifest;
  /** The study's identity: the hash of its canonical JSON. */
  hash: string;
  /** `null` for a study that only trains. */
  channels: SurveyChannels | null;
};

/** @throws ChoraleError `INSECURE_CONTEXT` where the page has no WebCrypto. */
export async function studyOf(manifest: Manifest): Promise<Study> {
  return {
    manifest,
    hash: await manifestHash(manifest),
    channels: manifest.survey === undefined ? null : surveyChannels(manifest.survey),
  };
}
