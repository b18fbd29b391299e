const profiles = new WeakMap<Element, string>();

/**
 * Makes a survey element the device of a made-up employee, with a storage, ledger and noise of its own; to be called
 * before the element has its token. For demonstrations only, and exported by `@chorale/sdk/demo` alone: there is no
 * attribute for it, because a real page that used profiles would multiply what its employees' ledgers allow.
 */
export function useDemoProfile(survey: Element, profile: string): void {
  profiles.set(survey, profile);
}

export function demoProfileOf(survey: Element): string | undefined {
  return profiles.get(survey);
}
