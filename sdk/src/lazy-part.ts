import { ChoraleError } from '@chorale/protocol';

/**
 * A part of the SDK that most pages never need, as `import()` brings it.
 * @throws ChoraleError `CONNECTION_LOST` when it cannot be fetched.
 */
export function lazyPart<T>(part: Promise<T>): Promise<T> {
  return part.catch((cause: unknown) => {
    throw new ChoraleError('CONNECTION_LOST', 'a part of the page could not be loaded', { cause });
  });
}
