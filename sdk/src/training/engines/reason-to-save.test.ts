import { expect, test } from 'vitest';
import { reasonToSave } from './reason-to-save.ts';

const battery = (level: number, charging: boolean) => ({ getBattery: async () => ({ level, charging }) });

test.each([
  [0.19, false, 'the battery is low'],
  [0.19, true, null],
  [0.2, false, null],
  [1, false, null],
])('a battery at %s, charging: %s', async (level, charging, reason) => {
  expect(await reasonToSave({ navigator: battery(level, charging) })).toBe(reason);
});

test('a preference for less data', async () => {
  const asked: string[] = [];
  const matchMedia = (query: string) => ({ matches: asked.push(query) > 0 });
  expect(await reasonToSave({ matchMedia })).toBe('less data is preferred');
  expect(asked).toEqual(['(prefers-reduced-data: reduce)']);
  expect(await reasonToSave({ navigator: { connection: { saveData: true } } })).toBe('less data is preferred');
  expect(await reasonToSave({ navigator: { connection: {} }, matchMedia: () => ({ matches: false }) })).toBeNull();
});

test('a browser that tells nothing, or refuses to', async () => {
  expect(await reasonToSave({})).toBeNull();
  expect(await reasonToSave({ navigator: { getBattery: () => Promise.reject(new Error('refused')) } })).toBeNull();
});
