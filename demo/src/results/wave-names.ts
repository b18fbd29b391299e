import type { SeriesWave } from '@chorale/protocol';

/** `Wave 1` and so on, by study: titles are too long for an axis, and the page lists them. */
export function waveNames(waves: readonly SeriesWave[]): Map<string, string> {
  return new Map(waves.map(({ study }, index) => [study, `Wave ${index + 1}`]));
}
