/** Below this share, and not charging, a battery is low. */
const lowBattery = 0.2;

/** What of a page's globals tells how it should behave; browsers lack one or the other. */
export type PageConditions = {
  navigator?: {
    getBattery?: () => Promise<{ level: number; charging: boolean }>;
    connection?: { saveData?: boolean };
  };
  matchMedia?: (query: string) => { matches: boolean };
};

/**
 * Why no engine should be fetched now that training can do without, in words, or `null`. Asked on the page: workers
 * know neither battery nor preferences.
 */
export async function reasonToSave({ navigator, matchMedia }: PageConditions): Promise<string | null> {
  if (navigator?.connection?.saveData === true || matchMedia?.('(prefers-reduced-data: reduce)').matches === true)
    return 'less data is preferred';
  // A browser may refuse to tell.
  const battery = await navigator?.getBattery?.().catch(() => undefined);
  return battery !== undefined && !battery.charging && battery.level < lowBattery ? 'the battery is low' : null;
}
